import type { EventRange } from './sample.ts'

/** Some events of one client. */
export type ClientEvents = EventRange & { readonly client: string }

/**
 * What is known of each event, as a byte of marks: a million events take a megabyte, not a million names. Events are known by
 * their client and their number there.
 */
export interface EventLedger {
  /** Sets these bits for each of the events. */
  mark(range: ClientEvents, bits: number): void
  /** Sets these bits where the event has a mark already. */
  markIfKnown(client: string, event: number, bits: number): void
  /** How many events have one of these bits at least. */
  count(bits: number): number
  /** The marks of each event that has any. */
  forEach(visit: (marks: number, client: string, event: number) => void): void
}

/** As many events as an RR has: more room is made when it is asked for. */
const firstRoom = 4

export function createEventLedger(): EventLedger {
  const places = new Map<string, { at: number; size: number }>()
  let all = new Uint8Array(1_024)
  let used = 0

  const take = (size: number): number => {
    const at = used
    used += size
    if (used > all.length) {
      const larger = new Uint8Array(Math.max(used, 2 * all.length))
      larger.set(all)
      all = larger
    }
    return at
  }
  const placeOf = (client: string, size: number) => {
    let place = places.get(client)
    if (!place) {
      const room = Math.max(firstRoom, size)
      place = { at: take(room), size: room }
      places.set(client, place)
    } else if (place.size < size) {
      const old = all.subarray(place.at, place.at + place.size).slice()
      all.fill(0, place.at, place.at + place.size) // what is left behind must not be counted
      place.size = Math.max(size, 2 * place.size)
      place.at = take(place.size)
      all.set(old, place.at)
    }
    return place
  }
  return {
    mark({ client, firstEvent, events }, bits) {
      const { at } = placeOf(client, firstEvent + events)
      for (let index = at + firstEvent; index < at + firstEvent + events; index++) all[index] = (all[index] ?? 0) | bits
    },
    markIfKnown(client, event, bits) {
      const place = places.get(client)
      if (!place || event >= place.size) return
      const marks = all[place.at + event] ?? 0
      if (marks > 0) all[place.at + event] = marks | bits
    },
    count(bits) {
      let count = 0
      for (let index = 0; index < used; index++) if (((all[index] ?? 0) & bits) > 0) count++
      return count
    },
    forEach(visit) {
      for (const [client, { at, size }] of places) {
        for (let event = 0; event < size; event++) {
          const marks = all[at + event] ?? 0
          if (marks > 0) visit(marks, client, event)
        }
      }
    },
  }
}

/** How many different events these carried. */
export function countDistinct(ranges: readonly ClientEvents[]): number {
  const ledger = createEventLedger()
  for (const range of ranges) ledger.mark(range, 1)
  return ledger.count(1)
}
