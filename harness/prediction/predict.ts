import TinyQueue from 'tinyqueue'
import type { PlannedLife, PredictedError, PredictedPoint, Prediction, PredictionInput } from '../prediction.ts'
import type { Emitter } from '../scenario.ts'
import { bufferedClient, type ClientSetup, closedLoopClient, directClient, type ModelClient } from './client.ts'
import { createService, type Job } from './service.ts'

/** Between two points of the series: as often as the service's own figures are read in a run. */
const stepMs = 250

interface Due {
  readonly t: number
  /** Of two at the same time, the earlier planned comes first, so that the same input gives the same run. */
  readonly order: number
  readonly callback: (atMs: number) => void
}

/**
 * One run, as a discrete-event simulation: the clients as the generator has them against the service as a queue. Pure:
 * the same input gives the same prediction. Sending takes no time, nor does an answer on its way back.
 */
export function predict(input: PredictionInput): Prediction {
  const { load, client: options, phases, seed } = input
  const service = createService(input, input.figures)
  const agenda = new TinyQueue<Due>([], (a, b) => a.t - b.t || a.order - b.order)
  let order = 0
  const schedule: ClientSetup['schedule'] = (t, callback) => agenda.push({ t, order: order++, callback })

  const errors: Record<PredictedError, number> = { reset: 0, timeout: 0, refused: 0 }
  const firstMs: Record<PredictedError, number | null> = { reset: null, timeout: null, refused: null }
  let attempts = 0
  let retries = 0
  const open = new Set<(error: PredictedError, atMs: number) => void>()

  const attempt: ClientSetup['attempt'] = (client, batch, number, atMs) => {
    attempts++
    if (number > 1) retries++
    const fail = (error: PredictedError, failedMs: number) => {
      errors[error]++
      firstMs[error] ??= failedMs
      open.delete(fail)
      client.failed(batch, number, failedMs)
    }
    if (service.diedMs !== null) return fail('refused', atMs)
    const job: Job = {
      events: batch.events,
      isAwaited: true,
      taken: 0,
      written(writtenMs) {
        for (let event = batch.first; event < batch.first + batch.events; event++) {
          client.copies[event] = (client.copies[event] ?? 0) + 1
        }
        if (!job.isAwaited) return
        service.leave(job)
        open.delete(fail)
        client.answered(batch, writtenMs)
      },
    }
    if (service.offer(job) === 'reset') return fail('reset', atMs)
    open.add(fail)
    schedule(atMs + options.timeoutMs, (timedOutMs) => {
      if (!job.isAwaited || service.diedMs !== null) return
      service.leave(job)
      fail('timeout', timedOutMs)
    })
  }

  const lives = input.plan(load, seed)
  const tally = { emitted: 0, acknowledged: 0, dropped: 0 }
  const clients = createClients[load.emitter](lives, { tally, options, schedule, attempt })
  const planned = lives.reduce((sum, life) => sum + life.events.length, 0)
  const isOver = () => service.pendingEvents === 0 && tally.acknowledged + tally.dropped === planned

  const series: PredictedPoint[] = []
  const observe = (untilMs: number) => {
    for (let t = series.length * stepMs; t <= untilMs; t = series.length * stepMs) {
      const { pendingEvents: backlog, awaitingAnswer, memoryBytes } = service
      series.push({ t, backlog, awaitingAnswer, memoryBytes })
    }
  }

  let nowMs = 0
  let lastMs = phases.maxMs
  let diedMs: number | null = null
  for (;;) {
    const due = agenda.peek()
    const nextMs = Math.min(due?.t ?? Number.POSITIVE_INFINITY, service.nextMs())
    if (nextMs > lastMs || (diedMs === null && isOver())) break
    if (diedMs === null) observe(nextMs)
    nowMs = nextMs
    service.advance(nextMs)
    // What is due at the moment of the death itself finds a dead service, in the next step.
    if (due && due.t <= nextMs && service.diedMs === diedMs) agenda.pop()?.callback(nextMs)
    if (diedMs === null && service.diedMs !== null) {
      diedMs = service.diedMs
      lastMs = Math.min(phases.maxMs, diedMs + phases.afterDeathMs)
      for (const fail of [...open]) fail('reset', diedMs)
    }
  }

  const storedTimes = (atLeast: number) =>
    clients.reduce((sum, { copies }) => sum + copies.filter((times) => times >= atLeast).length, 0)
  const peaks = service.peaks
  return {
    seed,
    outcome: diedMs !== null ? 'crashed' : isOver() ? 'survived' : 'not over',
    diedMs,
    endMs: diedMs === null && isOver() ? nowMs : lastMs,
    firstMs,
    errors,
    attempts,
    retries,
    events: {
      ...tally,
      open: tally.emitted - tally.acknowledged - tally.dropped,
      stored: storedTimes(1),
      storedMoreThanOnce: storedTimes(2),
    },
    peakPendingEvents: peaks.pendingEvents,
    peakMemoryBytes: Math.min(peaks.memoryBytes, input.limits.memoryLimitBytes),
    series,
  }
}

type CreateClients = (lives: readonly PlannedLife[], setup: Omit<ClientSetup, 'flushPhaseMs'>) => ModelClient[]

const createClients: Readonly<Record<Emitter, CreateClients>> = {
  'per-rr': (lives, setup) =>
    lives.map((life) => play([life], bufferedClient({ ...setup, flushPhaseMs: life.flushPhaseMs }), setup)),
  shared: (lives, setup) => [
    play(lives, bufferedClient({ ...setup, flushPhaseMs: lives[0]?.flushPhaseMs ?? 0 }), setup),
  ],
  direct: (lives, setup) => lives.map((life) => play([life], directClient({ ...setup, flushPhaseMs: 0 }), setup)),
  'closed-loop': (lives, setup) =>
    lives.map((life) => {
      const client = closedLoopClient({ ...setup, flushPhaseMs: 0 }, life.events.length)
      setup.schedule(0, client.emit)
      return client
    }),
}

function play(
  lives: readonly PlannedLife[],
  client: ModelClient,
  { schedule }: Pick<ClientSetup, 'schedule'>,
): ModelClient {
  for (const { events } of lives) for (const { intendedMs } of events) schedule(intendedMs, client.emit)
  return client
}
