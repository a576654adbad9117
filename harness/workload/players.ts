import type { Clock } from '../clock.ts'
import { createRandom } from '../random.ts'
import type { ClientSummary, SampleLine } from '../sample.ts'
import type { ClientOptions } from '../scenario.ts'
import type { AuditClient } from './client.ts'
import { emissions } from './emitters.ts'
import { eventJson } from './event.ts'
import type { LiveLoad } from './live.ts'
import type { PlannedRr } from './planned.ts'
import { at } from './schedule.ts'
import type { Send } from './send.ts'
import { summaryOf } from './summary.ts'

/** What sends a part of the load: clients with the events of their RRs, a closed loop, or a thread that has many of them. */
export interface Player {
  /** Resolves when it has nothing left, also once it was stopped. Rejects when it broke. */
  readonly finished: Promise<void>
  /** Stops it where it is; what it had done is on record then. */
  stop(): void | Promise<void>
}

export interface PlayerSetup {
  readonly client: ClientOptions
  readonly seed: number
  readonly runId: string
  readonly clock: Clock
  readonly send: Send
  readonly sample: (line: SampleLine) => void
  readonly live: LiveLoad
}

/** A client that has begun. */
interface Carrier {
  /** `null` as soon as it has nothing left. */
  client: AuditClient | null
  /** Events that were planned for it and have not come to it. */
  left: number
  /** What it had done when it had nothing left. */
  summary: ClientSummary | null
}

/** As late as a machine may be without being tired: see the hypothesis of a saturated generator. */
const overdueAfterMs = 50

/** An RR is begun so long before its start: a burst's are there when it comes. */
const beginAheadMs = 1_000

/**
 * Hands each event to its client when it is due. A client is there from its first event until it has nothing left: of many
 * RRs most are not at it, and what each needs, some KiB, a garbage collector looks at again and again.
 *
 * @param plan in the order of the RRs' starts
 */
export function createPlayer(
  emitter: keyof typeof emissions,
  plan: readonly PlannedRr[],
  { client: options, seed, runId, clock, send, sample, live }: PlayerSetup,
): Player {
  const { nameOf, togetherWith, open } = emissions[emitter]
  const setup = { options, clock, send, sample, live, random: createRandom(seed ^ 0x717e4) }
  const finished = Promise.withResolvers<void>()
  /** By name. */
  const begun = new Map<string, Carrier>()
  /** How to call off the next event of each RR: they follow one another, so one at a time is all that waits. */
  const cancelNext = new Map<PlannedRr, () => void>()
  let cancelBegin = () => {}
  let isStopped = false

  /** The first RR of each client stands for it. */
  const firsts = plan.filter((rr) => togetherWith(rr, plan)[0] === rr)
  let unfinished = firsts.length
  if (unfinished === 0) finished.resolve()

  const carrierOf = (rr: PlannedRr): Carrier => {
    const name = nameOf(rr)
    const known = begun.get(name)
    if (known) return known
    const rrs = togetherWith(rr, plan)
    const client = open(rrs[0] ?? rr, { ...setup, name })
    const carrier: Carrier = { client, left: eventsOf(rrs), summary: null }
    begun.set(name, carrier)
    void client.finished.then(() => {
      carrier.summary ??= client.stop()
      carrier.client = null
      unfinished--
      if (unfinished === 0) finished.resolve()
    })
    return carrier
  }
  const armNext = (rr: PlannedRr, index: number) => {
    const event = rr.events[index]
    if (!event || isStopped) {
      cancelNext.delete(rr)
      return
    }
    const { type, intendedMs } = event
    const hand = () => {
      const carrier = carrierOf(rr)
      const facts = { type, rr: rr.name, client: nameOf(rr), runId, atEpochMs: clock.burstAtEpochMs + intendedMs }
      carrier.client?.emit(intendedMs, (number) => eventJson({ ...facts, number }))
      carrier.left--
      if (carrier.left === 0) carrier.client?.close()
      armNext(rr, index + 1)
    }
    cancelNext.set(rr, at(clock, intendedMs, hand))
  }
  const begin = (place: number) => {
    const rr = plan[place]
    if (!rr) return
    cancelBegin = at(clock, rr.startMs - beginAheadMs, () => {
      armNext(rr, 0)
      begin(place + 1)
    })
  }
  begin(0)

  const summarise = (first: PlannedRr, nowMs: number): ClientSummary => {
    const { summary, client, left = 0 } = begun.get(nameOf(first)) ?? {}
    if (summary) return summary
    const rrs = togetherWith(first, plan)
    const overdue = eventsOf(rrs, nowMs - overdueAfterMs) - (client ? eventsOf(rrs) - left : 0)
    return client ? client.stop(Math.max(0, overdue)) : summaryOf({ name: nameOf(first), clock }, { overdue })
  }
  return {
    finished: finished.promise,
    stop() {
      if (isStopped) return
      isStopped = true
      cancelBegin()
      for (const cancel of cancelNext.values()) cancel()
      const nowMs = clock.now()
      for (const first of firsts) sample({ ...summarise(first, nowMs), t: nowMs })
      finished.resolve()
    },
  }
}

/** How many events they have, or how many that are due before `untilMs`. */
function eventsOf(rrs: readonly PlannedRr[], untilMs = Number.POSITIVE_INFINITY): number {
  return rrs.reduce((sum, { events }) => sum + events.filter(({ intendedMs }) => intendedMs < untilMs).length, 0)
}
