import type { Attempt, Drop } from '../sample.ts'
import type { ClientSetup } from './client.ts'
import { at } from './schedule.ts'
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

/**
 * A client's way of sending: a failed parcel is tried again after attempt² pauses, save on a 4xx; after the last attempt
 * its events are dropped. Any 2xx acknowledges; its status is kept, since a 202 means "accepted", not yet "stored".
 */
export function createDelivery(setup: ClientSetup, operation: WriteOperation): Delivery {
  const { name, options, clock, send, sample, live } = setup
  const inFlight = new Set<Parcel>()
  const cancelRetry = new Map<Parcel, () => void>()
  let isStopped = false

  const attempt = async (parcel: Parcel, number: number, intendedMs: number, ended: (endedMs: number) => void) => {
    const { firstEvent, events, body } = parcel
    const startedMs = clock.now()
    live.attempts++
    live.openAttempts++
    const answer = await send({ method: 'POST', path: writePaths[operation], body, timeoutMs: options.timeoutMs })
    live.openAttempts--
    if (isStopped) return
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
    if (failure.errorClass === '4xx') return end('rejected')
    if (number >= options.attempts) return end('attempts-exhausted')
    const retryMs = endedMs + number ** 2 * options.retryPauseMs
    const retry = () => {
      cancelRetry.delete(parcel)
      void attempt(parcel, number + 1, retryMs, ended)
    }
    cancelRetry.set(parcel, at(clock, retryMs, retry))
  }

  return {
    deliver(parcel, intendedMs, ended) {
      inFlight.add(parcel)
      void attempt(parcel, 1, intendedMs, ended)
    },
    inFlight,
    stop() {
      isStopped = true
      for (const cancel of cancelRetry.values()) cancel()
    },
  }
}
