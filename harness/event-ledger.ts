import type { EventRange } from './sample.ts'

/** Some events of one client. */
export type ClientEvents = EventRange & { readonly client: string }

/**
 * What is known of each event, as a byte of marks: a million events take a megabyte, not a million names. Events are known by
 * their client and their number there.
 */
export interface EventLedger {
  /** Sets these bits for those of the events that the ledger has room for. */
  mark(range: ClientEvents, bits: number): void
  /** The marks of one event; 0 where it is not known. */
  marksOf(client: string, event: number): number
  /** How many events have one of these bits at least. */
  count(bits: number): number
  /** Each event with a mark. */
  forEach(visit: (marks: number, client: string, event: number) => void): void
}

/** A ledger for the events of these ranges. */
export function createEventLedger(ranges: Iterable<ClientEvents>): EventLedger {
  const sizes = new Map<string, number>()
  for (const { client, firstEvent, events } of ranges) {
    sizes.set(client, Math.max(sizes.get(client) ?? 0, firstEvent + events))
  }
  const places = new Map<string, { readonly at: number; readonly size: number }>()
  let total = 0
  for (const [client, size] of sizes) {
    places.set(client, { at: total, size })
    total += size
  }
  const all = new Uint8Array(total)
  return {
    mark({ client, firstEvent, events }, bits) {
      const place = places.get(client)
      if (!place) return
      const end = place.at + Math.min(place.size, firstEvent + events)
      for (let index = place.at + firstEvent; index < end; index++) all[index] = (all[index] ?? 0) | bits
    },
    marksOf(client, event) {
      const place = places.get(client)
      return place && event < place.size ? (all[place.at + event] ?? 0) : 0
    },
    count: (bits) => all.reduce((sum, marks) => sum + ((marks & bits) === 0 ? 0 : 1), 0),
    forEach(visit) {
      for (const [client, { at, size }] of places) {
        for (let event = 0; event < size; event++) {
          const marks = all[at + event] ?? 0
          if (marks !== 0) visit(marks, client, event)
        }
      }
    },
  }
}

/** How many different events these carried. */
export function countDistinct(ranges: readonly ClientEvents[]): number {
  const ledger = createEventLedger(ranges)
  for (const range of ranges) ledger.mark(range, 1)
  return ledger.count(1)
}
