import { randomUUID } from 'node:crypto'
import { uniform } from '../random.ts'
import type { Attempt, Drop } from '../sample.ts'
import type { ClientSetup } from './client.ts'
import { at, catchUp } from './schedule.ts'
import type { Answer } from './send.ts'
import { type WriteOperation, writePaths } from './write.ts'

/** What travels in one request: events of one client, numbered without a gap. */
export interface Parcel {
  readonly firstEvent: number
  readonly events: number
  readonly body: string
}

export interface Delivery {
  /** Sends a parcel at once; `intendedMs` is when it was due. Calls back when it was acknowledged or given up. */
  deliver(parcel: Parcel, intendedMs: number, ended: (endedMs: number) => void): void
  /** Parcels whose end is not known yet, those in the pause before a retry included. */
  readonly inFlight: ReadonlySet<Parcel>
  /** Breaks off: what is open now is neither recorded nor tried again. */
  stop(): void
}

interface Sending {
  readonly parcel: Parcel
  readonly idempotencyKey: string | undefined
  readonly ended: (endedMs: number) => void
}

interface Attempted {
  readonly number: number
  readonly intendedMs: number
  readonly startedMs: number
  /** How many attempts before it were told to wait. */
  readonly busy: number
}

const tooManyRequests = 429

/**
 * A client's way of sending: a failed parcel is tried again after attempt² pauses, save on a 4xx; after the last attempt
 * its events are dropped. Any 2xx acknowledges; its status is kept, since a 202 means "accepted", not yet "stored".
 *
 * Where told to wait on a 429, it sends again after Retry-After, with jitter not before it: that uses up no attempt, since
 * a service that says "later" loses nothing. A parcel keeps one idempotency key over all attempts.
 */
export function createDelivery(setup: ClientSetup, operation: WriteOperation): Delivery {
  const { name, options, clock, send, sample, live, random } = setup
  const inFlight = new Set<Parcel>()
  const cancelRetry = new Map<Parcel, () => void>()
  let isStopped = false

  const attempt = async (sending: Sending, number: number, intendedMs: number, busy: number) => {
    const { idempotencyKey } = sending
    const { body } = sending.parcel
    const startedMs = clock.now()
    live.attempts++
    live.openAttempts++
    const { timeoutMs } = options
    const answer = await send({ method: 'POST', path: writePaths[operation], body, idempotencyKey, timeoutMs })
    live.openAttempts--
    if (isStopped) return
    conclude(sending, { number, intendedMs, startedMs, busy }, answer)
    catchUp(clock)
  }

  const conclude = (sending: Sending, { number, intendedMs, startedMs, busy }: Attempted, answer: Answer) => {
    const { parcel, ended } = sending
    const { firstEvent, events } = parcel
    const endedMs = clock.now()
    const line: Attempt = {
      kind: 'attempt',
      t: startedMs,
      phase: 'load',
      operation,
      client: name,
      firstEvent,
      events,
      attempt: number,
      intendedMs,
      startedMs,
      endedMs,
      ...answer,
    }
    sample(line)
    const end = (why: Drop['why'] | null) => {
      inFlight.delete(parcel)
      if (why === null) live.acknowledged += events
      else {
        live.dropped += events
        sample({ kind: 'drop', t: endedMs, client: name, firstEvent, events, why })
      }
      ended(endedMs)
    }
    const { failure } = answer
    if (failure === null) return end(null)
    live.errors[failure.errorClass]++
    const isBusy = answer.status === tooManyRequests && options.onBusy === 'wait'
    const failed = number - busy
    if (failure.errorClass === '4xx' && !isBusy) return end('rejected')
    if (!isBusy && failed >= options.attempts) return end('attempts-exhausted')
    const pauseMs = isBusy
      ? (answer.retryAfterMs ?? options.retryPauseMs) * uniform(random, 1, 1 + options.retryJitter)
      : failed ** 2 * options.retryPauseMs * uniform(random, 1 - options.retryJitter, 1 + options.retryJitter)
    const retryMs = endedMs + pauseMs
    const retry = () => {
      cancelRetry.delete(parcel)
      void attempt(sending, number + 1, retryMs, isBusy ? busy + 1 : busy)
    }
    cancelRetry.set(parcel, at(clock, retryMs, retry))
  }

  return {
    deliver(parcel, intendedMs, ended) {
      inFlight.add(parcel)
      const hasKey = options.sendsIdempotencyKey && operation === 'write-batch'
      // In quotes: the draft's syntax of the header is a structured field's string.
      const idempotencyKey = hasKey ? `"${randomUUID()}"` : undefined
      void attempt({ parcel, idempotencyKey, ended }, 1, intendedMs, 0)
    },
    inFlight,
    stop() {
      isStopped = true
      for (const cancel of cancelRetry.values()) cancel()
    },
  }
}
