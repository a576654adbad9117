import type { Clock } from '../clock.ts'
import type { Attempt, Drop, Failure, Outcome } from '../sample.ts'
import type { ClientOptions } from '../scenario.ts'

/** How an attempt ended, as the driver tells it. */
export interface Sent {
  readonly outcome: Outcome
  readonly status: number | null
  readonly failure: Failure | null
}

export interface AuditClientParts {
  readonly name: string
  readonly options: ClientOptions
  readonly clock: Clock
  /** The first flush, in milliseconds since the burst; further ones each `flushMs` after it. */
  readonly firstFlushMs: number
  /** Sends a batch of events as JSON texts and waits for its end. Never rejects: every ending is an answer. */
  readonly send: (events: readonly string[]) => Promise<Sent>
  readonly sample: (line: Attempt | Drop) => void
}

/** A buffered audit client at work. */
export interface AuditClient {
  readonly name: string
  readonly emitted: number
  readonly jsonBytes: number
  /** Events in the buffer or in the batch under way. */
  readonly unfinished: number
  /** Takes an event into the buffer; a full buffer drops it. */
  emit(json: string): void
  /** Resolves when buffer and flight are empty, once no more events come. */
  finish(): Promise<void>
  /** Stops flushing and retrying at once. An attempt under way is left to its sender and not recorded. */
  stop(): void
}

/**
 * The audit client of the RemediationOrchestrator: a bounded buffer, a flush at a fixed beat, one batch in flight, several
 * attempts with a growing pause between, then the batch is dropped. Events are numbered as they enter the buffer, so that a
 * batch is a range of numbers.
 */
export function createAuditClient({ name, options, clock, firstFlushMs, send, sample }: AuditClientParts): AuditClient {
  let buffer: string[] = []
  let inFlight = 0
  let emitted = 0
  let jsonBytes = 0
  let nextFlushMs = firstFlushMs
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let isFinishing = false
  const idle = Promise.withResolvers<void>()

  const settle = () => {
    if (isFinishing && buffer.length === 0 && inFlight === 0) idle.resolve()
  }

  /** Arms the next beat that still lies ahead; a beat that fell into a flight is not an arrival. */
  const arm = () => {
    if (timer || isStopped || inFlight > 0 || buffer.length === 0) return
    while (nextFlushMs < clock.now()) nextFlushMs += options.flushMs
    const dueMs = nextFlushMs
    timer = setTimeout(
      () => {
        timer = undefined
        nextFlushMs += options.flushMs
        void flush(dueMs)
      },
      Math.ceil(dueMs - clock.now()),
    )
  }

  const flush = async (dueMs: number) => {
    const batch = buffer.slice(0, options.batchEvents)
    buffer = buffer.slice(options.batchEvents)
    inFlight = batch.length
    const firstEvent = emitted - buffer.length - batch.length
    await deliver(batch, firstEvent, dueMs)
    inFlight = 0
    settle()
    arm()
  }

  const deliver = async (batch: readonly string[], firstEvent: number, dueMs: number) => {
    let intendedMs = dueMs
    for (let attempt = 1; ; attempt++) {
      const startedMs = clock.now()
      const sent = await send(batch)
      if (isStopped) return
      const endedMs = clock.now()
      sample({
        kind: 'attempt',
        t: startedMs,
        phase: 'load',
        operation: 'write-batch',
        client: name,
        firstEvent,
        events: batch.length,
        attempt,
        intendedMs,
        startedMs,
        endedMs,
        ...sent,
      })
      if (sent.outcome === 'ok') return
      const why =
        sent.failure?.errorClass === '4xx' ? 'rejected' : attempt >= options.attempts ? 'attempts-exhausted' : null
      if (why) {
        sample({ kind: 'drop', t: endedMs, client: name, firstEvent, events: batch.length, why })
        return
      }
      intendedMs = endedMs + attempt ** 2 * options.retryPauseMs
      await pause(intendedMs)
      if (isStopped) return
    }
  }

  const pause = (untilMs: number) =>
    new Promise<void>((resume) => {
      timer = setTimeout(
        () => {
          timer = undefined
          resume()
        },
        Math.ceil(untilMs - clock.now()),
      )
    })

  return {
    name,
    get emitted() {
      return emitted
    },
    get jsonBytes() {
      return jsonBytes
    },
    get unfinished() {
      return buffer.length + inFlight
    },
    emit(json) {
      if (buffer.length >= options.bufferEvents) {
        sample({ kind: 'drop', t: clock.now(), client: name, firstEvent: null, events: 1, why: 'buffer-full' })
        return
      }
      buffer.push(json)
      emitted += 1
      jsonBytes += Buffer.byteLength(json)
      arm()
    },
    finish() {
      isFinishing = true
      settle()
      return idle.promise
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
      idle.resolve()
    },
  }
}
