import type { Clock } from '../clock.ts'
import type { Attempt, SampleLine } from '../sample.ts'
import type { ClientOptions } from '../scenario.ts'
import type { LiveLoad } from './live.ts'
import { at } from './schedule.ts'
import type { Answer, Send } from './send.ts'

export const batchPath = '/api/v1/audit/events/batch'

export interface AuditClientSetup {
  readonly name: string
  readonly options: ClientOptions
  /** Flushes are due at `flushPhaseMs + k * options.flushMs`, milliseconds since the burst. */
  readonly flushPhaseMs: number
  readonly clock: Clock
  readonly send: Send
  readonly sample: (line: SampleLine) => void
  readonly live: LiveLoad
}

/** A buffered audit client, as the real RemediationOrchestrator has one: events go in, batches go out. */
export interface AuditClient {
  /**
   * Puts an event into the buffer, as JSON made for the number it gets there: 0, 1, 2, ... A full buffer drops it.
   * `intendedMs` is when it was due; it decides which flush takes it, so a late generator shows as a late send.
   */
  emit(intendedMs: number, jsonOf: (number: number) => string): void
  /** No event will follow. */
  close(): void
  /** Resolves when the client is closed and has nothing left: nothing in the buffer, nothing in flight. */
  readonly finished: Promise<void>
  /** Stops it where it is and writes its summary. What is in flight is not recorded: it has not ended. */
  stop(): void
}

interface Batch {
  readonly firstEvent: number
  readonly events: number
  readonly body: string
}

/**
 * At most one request in flight. A failed batch is tried again after attempt² pauses, save on a 4xx; after the last
 * attempt its events are dropped. A flush that falls into a batch's time is no arrival: the next one takes what waited.
 */
export function createAuditClient(setup: AuditClientSetup): AuditClient {
  const { name, options, flushPhaseMs, clock, send, sample, live } = setup
  const finished = Promise.withResolvers<void>()
  let buffer: string[] = []
  let emitted = 0
  let jsonBytes = 0
  let inFlight: Batch | null = null
  let freeSinceMs = Number.NEGATIVE_INFINITY
  let cancelTimer: (() => void) | null = null
  let isClosed = false
  let isStopped = false
  live.emittedByClient.set(name, 0)

  const emit: AuditClient['emit'] = (intendedMs, jsonOf) => {
    if (isStopped) return
    if (buffer.length >= options.bufferEvents) {
      live.dropped++
      sample({ kind: 'drop', t: clock.now(), client: name, firstEvent: null, events: 1, why: 'buffer-full' })
      return
    }
    const json = jsonOf(emitted++)
    jsonBytes += Buffer.byteLength(json)
    buffer.push(json)
    live.emitted++
    live.emittedByClient.set(name, emitted)
    if (!inFlight && !cancelTimer) armFlush(Math.max(intendedMs, freeSinceMs))
  }

  const armFlush = (fromMs: number) => {
    const ticks = Math.max(0, Math.ceil((fromMs - flushPhaseMs) / options.flushMs))
    const dueMs = flushPhaseMs + ticks * options.flushMs
    cancelTimer = at(clock, dueMs, () => flush(dueMs))
  }

  const flush = (dueMs: number) => {
    const events = buffer.slice(0, options.batchEvents)
    const batch = { firstEvent: emitted - buffer.length, events: events.length, body: `[${events.join(',')}]` }
    buffer = buffer.slice(options.batchEvents)
    inFlight = batch
    void attempt(batch, 1, dueMs)
  }

  const attempt = async (batch: Batch, number: number, intendedMs: number) => {
    cancelTimer = null
    const startedMs = clock.now()
    live.attempts++
    live.openAttempts++
    const answer = await send({ method: 'POST', path: batchPath, body: batch.body, timeoutMs: options.timeoutMs })
    live.openAttempts--
    if (isStopped) return
    const endedMs = clock.now()
    sample(attemptLine(name, batch, number, { intendedMs, startedMs, endedMs }, answer))
    const failure = answer.failure
    if (failure === null) {
      live.acknowledged += batch.events
      return goOn(endedMs)
    }
    live.errors[failure.errorClass]++
    if (failure.errorClass === '4xx') return drop(batch, 'rejected', endedMs)
    if (number >= options.attempts) return drop(batch, 'attempts-exhausted', endedMs)
    const retryMs = endedMs + number ** 2 * options.retryPauseMs
    cancelTimer = at(clock, retryMs, () => void attempt(batch, number + 1, retryMs))
  }

  const drop = ({ firstEvent, events }: Batch, why: 'rejected' | 'attempts-exhausted', t: number) => {
    live.dropped += events
    sample({ kind: 'drop', t, client: name, firstEvent, events, why })
    goOn(t)
  }

  const goOn = (endedMs: number) => {
    inFlight = null
    freeSinceMs = endedMs
    if (buffer.length > 0) armFlush(endedMs)
    else if (isClosed) finished.resolve()
  }

  return {
    emit,
    close() {
      isClosed = true
      if (buffer.length === 0 && !inFlight) finished.resolve()
    },
    finished: finished.promise,
    stop() {
      if (isStopped) return
      isStopped = true
      cancelTimer?.()
      const unfinished = buffer.length + (inFlight?.events ?? 0)
      const open = inFlight && { firstEvent: inFlight.firstEvent, events: inFlight.events }
      sample({ kind: 'client', t: clock.now(), client: name, emitted, unfinished, inFlight: open, jsonBytes })
      finished.resolve()
    },
  }
}

function attemptLine(
  client: string,
  { firstEvent, events }: Batch,
  attempt: number,
  times: Pick<Attempt, 'intendedMs' | 'startedMs' | 'endedMs'>,
  answer: Answer,
): Attempt {
  const operation = 'write-batch'
  const line = { kind: 'attempt', t: times.startedMs, phase: 'load', operation, client } as const
  return { ...line, firstEvent, events, attempt, ...times, ...answer }
}
