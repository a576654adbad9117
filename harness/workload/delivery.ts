import { randomUUID } from 'node:crypto'
import { roundToUs } from '../clock.ts'
import { uniform } from '../random.ts'
import type { Attempt, Drop } from '../sample.ts'
import type { ClientSetup } from './client.ts'
import { append, type Linked, type LinkedList, remove } from './linked-list.ts'
import { agendaOf } from './schedule.ts'
import type { Answer, Request } from './send.ts'
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
  /** Parcels whose end is not known yet, those in the pause before a retry included, in the order of their sending. */
  inFlight(): readonly Parcel[]
  /** Whether there are none. */
  isIdle(): boolean
  /** Breaks off: what is open now is neither recorded nor tried again. */
  stop(): void
}

interface Sending extends Request, Linked<Sending> {
  readonly parcel: Parcel
  readonly ended: (endedMs: number) => void
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
  const agenda = agendaOf(clock)
  const path = writePaths[operation]
  const { timeoutMs } = options
  const open: LinkedList<Sending> = { first: null, last: null }
  const cancelRetry = new Map<Parcel, () => void>()
  let isStopped = false

  const attempt = (sending: Sending, number: number, intendedMs: number, busy: number) => {
    const startedMs = clock.now()
    live.attempts++
    live.openAttempts++
    send(sending, (answer) => {
      live.openAttempts--
      if (isStopped) return
      conclude(sending, number, intendedMs, startedMs, busy, answer)
      // A busy generator is as exact as it can be.
      agenda.catchUp()
    })
  }

  const conclude = (
    sending: Sending,
    number: number,
    intendedMs: number,
    startedMs: number,
    busy: number,
    answer: Answer,
  ) => {
    const { parcel, ended } = sending
    const { outcome, status, failure, retryAfterMs } = answer
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
      intendedMs: roundToUs(intendedMs),
      startedMs,
      endedMs,
      outcome,
      status,
      failure,
    }
    sample(retryAfterMs === undefined ? line : { ...line, retryAfterMs })
    const end = (why: Drop['why'] | null) => {
      remove(open, sending)
      if (why === null) live.acknowledged += events
      else {
        live.dropped += events
        sample({ kind: 'drop', t: endedMs, client: name, firstEvent, events, why })
      }
      ended(endedMs)
    }
    if (failure === null) return end(null)
    live.errors[failure.errorClass]++
    const isBusy = status === tooManyRequests && options.onBusy === 'wait'
    const failed = number - busy
    if (failure.errorClass === '4xx' && !isBusy) return end('rejected')
    if (!isBusy && failed >= options.attempts) return end('attempts-exhausted')
    const pauseMs = isBusy
      ? (retryAfterMs ?? options.retryPauseMs) * uniform(random, 1, 1 + options.retryJitter)
      : failed ** 2 * options.retryPauseMs * uniform(random, 1 - options.retryJitter, 1 + options.retryJitter)
    const retryMs = endedMs + pauseMs
    const retry = () => {
      cancelRetry.delete(parcel)
      attempt(sending, number + 1, retryMs, isBusy ? busy + 1 : busy)
    }
    cancelRetry.set(parcel, agenda.at(retryMs, retry))
  }

  return {
    deliver(parcel, intendedMs, ended) {
      const hasKey = options.sendsIdempotencyKey && operation === 'write-batch'
      // In quotes: the draft's syntax of the header is a structured field's string.
      const idempotencyKey = hasKey ? `"${randomUUID()}"` : undefined
      const sending: Sending = {
        method: 'POST',
        path,
        body: parcel.body,
        idempotencyKey,
        timeoutMs,
        parcel,
        ended,
        earlier: null,
        later: null,
      }
      append(open, sending)
      attempt(sending, 1, intendedMs, 0)
    },
    inFlight() {
      const parcels: Parcel[] = []
      for (let sending = open.first; sending; sending = sending.later) parcels.push(sending.parcel)
      return parcels
    },
    isIdle: () => open.first === null,
    stop() {
      isStopped = true
      for (const cancel of cancelRetry.values()) cancel()
    },
  }
}
