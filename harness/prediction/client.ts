import type { ClientOptions } from '../scenario.ts'

/** Consecutive events of one client, sent together. */
export interface Batch {
  readonly first: number
  readonly events: number
}

/** What became of the events of all clients. */
export interface Tally {
  emitted: number
  acknowledged: number
  dropped: number
}

export interface ClientSetup {
  readonly tally: Tally
  readonly options: ClientOptions
  readonly flushPhaseMs: number
  readonly schedule: (atMs: number, callback: (atMs: number) => void) => void
  /** Sends once; must call `answered` or `failed` of the client some time. */
  readonly attempt: (client: ModelClient, batch: Batch, number: number, atMs: number) => void
}

export interface ModelClient {
  /** How often each of its events is stored. */
  readonly copies: number[]
  emit(atMs: number): void
  answered(batch: Batch, atMs: number): void
  failed(batch: Batch, number: number, atMs: number): void
}

/** Acknowledging, dropping and trying again is the same for every client. */
function createDelivery({ tally, options, schedule, attempt }: ClientSetup, ended: (atMs: number) => void) {
  const client: ModelClient = {
    copies: [],
    emit() {},
    answered(batch, atMs) {
      tally.acknowledged += batch.events
      ended(atMs)
    },
    failed(batch, number, atMs) {
      if (number < options.attempts) {
        schedule(atMs + number ** 2 * options.retryPauseMs, (dueMs) => attempt(client, batch, number + 1, dueMs))
        return
      }
      tally.dropped += batch.events
      ended(atMs)
    },
  }
  return client
}

/** Each event is a request of its own, sent as it comes. */
export function directClient(setup: ClientSetup): ModelClient {
  const client = createDelivery(setup, () => {})
  let emitted = 0
  client.emit = (atMs) => {
    setup.tally.emitted++
    setup.attempt(client, { first: emitted++, events: 1 }, 1, atMs)
  }
  return client
}

/** Sends its events one by one, the next as soon as the last has ended; none a second time. */
export function closedLoopClient(setup: ClientSetup, events: number): ModelClient {
  const { tally, options } = setup
  const client = createDelivery({ ...setup, options: { ...options, attempts: 1 } }, (endedMs) => {
    if (emitted < events) client.emit(endedMs)
  })
  let emitted = 0
  client.emit = (atMs) => {
    tally.emitted++
    setup.attempt(client, { first: emitted++, events: 1 }, 1, atMs)
  }
  return client
}

/** A buffer, a flush each interval, one batch in flight at most; a full batch leaves at once, a full buffer drops. */
export function bufferedClient(setup: ClientSetup): ModelClient {
  const { tally, options, flushPhaseMs, schedule, attempt } = setup
  let taken = 0
  let waiting = 0
  let isSending = false
  let flushAtMs: number | null = null

  const client = createDelivery(setup, (endedMs) => {
    isSending = false
    if (waiting > 0) arm(endedMs)
  })
  client.emit = (atMs) => {
    tally.emitted++
    if (waiting >= options.bufferEvents) {
      tally.dropped++
      return
    }
    taken++
    waiting++
    if (!isSending) arm(atMs)
  }

  const arm = (fromMs: number) => {
    if (waiting >= options.batchEvents) return flush(fromMs)
    if (flushAtMs !== null) return
    const ticks = Math.max(0, Math.ceil((fromMs - flushPhaseMs) / options.flushMs))
    const dueMs = flushPhaseMs + ticks * options.flushMs
    flushAtMs = dueMs
    // A batch that filled up meanwhile has left already, and this flush with it.
    schedule(dueMs, () => flushAtMs === dueMs && flush(dueMs))
  }

  const flush = (atMs: number) => {
    flushAtMs = null
    isSending = true
    const events = Math.min(waiting, options.batchEvents)
    const batch = { first: taken - waiting, events }
    waiting -= events
    attempt(client, batch, 1, atMs)
  }
  return client
}
