import type { Socket } from 'node:net'
import autocannon, { type Client, type Instance } from 'autocannon'
import type { Clock } from '../clock.ts'
import { classify, failureOfStatus } from '../failure.ts'
import type { Attempt, Failure, SampleLine } from '../sample.ts'
import type { ClientOptions } from '../scenario.ts'
import { eventJson } from './event.ts'
import type { LiveLoad } from './live.ts'
import type { PlannedRr } from './planned.ts'
import { at } from './schedule.ts'
import { outcomes } from './send.ts'
import { summaryOf } from './summary.ts'
import { writePaths } from './write.ts'

export interface ClosedLoopSetup {
  /** A connection each; all have the same number of events. */
  readonly plan: readonly PlannedRr[]
  readonly runId: string
  readonly baseUrl: string
  readonly options: ClientOptions
  readonly clock: Clock
  readonly sample: (line: SampleLine) => void
  readonly live: LiveLoad
}

/** How often autocannon looks whether it has been told to stop, in milliseconds. */
const stopsWithinMs = 100

/**
 * Each RR sends its events one by one on a connection of its own, the next one as soon as the last one was answered, and
 * none a second time. The events' own times do not count: such a load finds out how much a service can take.
 *
 * autocannon drives it. Of what it says only that a request goes out, which status came for it, and an error of its socket
 * are taken; times, counts and errors are our own. Its own are not: what a server closes unanswered is in none of its error
 * counts, and its corrected latencies were wrong (8.0.0). Its one patience is for connecting and for the answer together;
 * which of the two did not come is seen on its socket.
 */
export function startClosedLoop(setup: ClosedLoopSetup) {
  const { plan, baseUrl, options, clock } = setup
  const connections = plan.map((rr) => createConnection(rr, setup))
  const amount = plan.reduce((sum, rr) => sum + rr.events.length, 0)
  let running: Instance | null = null
  const failed = Promise.withResolvers<never>()
  const cancel = at(clock, 0, () => {
    let next = 0
    const loop = {
      url: `${baseUrl}${writePaths['write-event']}`,
      connections: plan.length,
      amount,
      timeout: options.timeoutMs / 1_000,
      sampleInt: stopsWithinMs,
      setupClient: (client: Client) => void connections[next++]?.use(client),
    }
    running = autocannon(loop, (error) => error && failed.reject(error))
  })
  return {
    finished: Promise.race([Promise.all(connections.map(({ finished }) => finished)).then(() => {}), failed.promise]),
    /** Records nothing of what is open, writes a summary of each RR, and sends no more after a moment. */
    stop() {
      cancel()
      running?.stop()
      for (const connection of connections) connection.stop()
    },
  }
}

/** autocannon's types leave out the socket of its next request: another one after each that has ended. */
type LoopClient = NodeJS.EventEmitter & { readonly conn: Socket }

/** What happens to one connection's requests, as the record has it. */
function createConnection(rr: PlannedRr, { runId, baseUrl, options, clock, sample, live }: ClosedLoopSetup) {
  const client = rr.name
  // Over TLS nothing is sent before both have shaken hands.
  const upEvent = new URL(baseUrl).protocol === 'https:' ? 'secureConnect' : 'connect'
  const finished = Promise.withResolvers<void>()
  let emitted = 0
  let jsonBytes = 0
  let open: { readonly firstEvent: number; readonly startedMs: number } | null = null
  let socket: Socket | null = null
  let isConnected = false
  let isStopped = false

  const begin = () => {
    const startedMs = clock.now()
    const firstEvent = emitted++
    const type = rr.events[firstEvent]?.type ?? 'orchestrator.phase.transition'
    const atEpochMs = clock.burstAtEpochMs + startedMs
    const body = eventJson({ type, rr: client, client, number: firstEvent, runId, atEpochMs })
    jsonBytes += Buffer.byteLength(body)
    open = { firstEvent, startedMs }
    live.emitted++
    live.attempts++
    live.openAttempts++
    return body
  }
  /** What ends a connection with neither an answer nor an error: a FIN, else autocannon's patience. */
  const unanswered = (): Failure => {
    if (socket?.readableEnded) return { errorClass: 'reset', message: 'the connection was closed without an answer' }
    return isConnected
      ? { errorClass: 'timeout', message: `no answer within ${options.timeoutMs} ms` }
      : { errorClass: 'connect-timeout', message: `no connection within ${options.timeoutMs} ms` }
  }
  /** A request goes out. That the last one got no answer is told by a new connection. */
  const follow = (next: Socket) => {
    if (next === socket) return
    if (socket && open) end(null, unanswered())
    socket = next
    isConnected = false
    next.once(upEvent, () => {
      if (next === socket) isConnected = true
    })
  }

  const end = (status: number | null, failure: Failure | null) => {
    if (!open || isStopped) return
    const { firstEvent, startedMs } = open
    open = null
    live.openAttempts--
    const endedMs = clock.now()
    const line: Attempt = {
      kind: 'attempt',
      t: startedMs,
      phase: 'load',
      operation: 'write-event',
      client,
      firstEvent,
      events: 1,
      attempt: 1,
      // Nothing says when it was due, but that it is sent as soon as the last one has ended.
      intendedMs: startedMs,
      startedMs,
      endedMs,
      outcome: failure ? outcomes[failure.errorClass] : 'ok',
      status,
      failure,
    }
    sample(line)
    if (failure === null) {
      live.acknowledged++
      return
    }
    live.errors[failure.errorClass]++
    live.dropped++
    const why = failure.errorClass === '4xx' ? 'rejected' : 'attempts-exhausted'
    sample({ kind: 'drop', t: endedMs, client, firstEvent, events: 1, why })
  }

  return {
    finished: finished.promise,
    use(loop: Client) {
      loop.setRequests([
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          setupRequest: (request) => ({ ...request, body: isStopped ? '' : begin() }),
          onResponse: (status) => end(status, failureOfStatus(status)),
        },
      ])
      const events = loop as Client & LoopClient
      events.on('request', () => follow(events.conn))
      events.on('connError', (error) => end(null, classify(error)))
      // Its last request has ended, with or without an answer.
      events.on('done', () => {
        if (open) end(null, unanswered())
        finished.resolve()
      })
    },
    stop() {
      if (isStopped) return
      isStopped = true
      const inFlight = open ? [{ firstEvent: open.firstEvent, events: 1 }] : []
      sample(summaryOf({ name: client, clock }, { emitted, inFlight, jsonBytes }))
      finished.resolve()
    },
  }
}
