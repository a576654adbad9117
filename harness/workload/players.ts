import type { Clock } from '../clock.ts'
import { createRandom } from '../random.ts'
import type { SampleLine } from '../sample.ts'
import type { ClientOptions } from '../scenario.ts'
import { type Assignment, assign } from './emitters.ts'
import { eventJson } from './event.ts'
import type { LiveLoad } from './live.ts'
import type { PlannedRr } from './planned.ts'
import { at } from './schedule.ts'
import type { Send } from './send.ts'

/** What sends a part of the load: a client with the events of its RRs, a closed loop, or a thread that has many of them. */
export interface Player {
  /** Resolves when it has nothing left, also once it was stopped. Rejects when it broke. */
  readonly finished: Promise<void>
  /** Stops it where it is; what it had done is on record then. */
  stop(): void | Promise<void>
}

export interface PlayersSetup {
  readonly client: ClientOptions
  readonly seed: number
  readonly runId: string
  readonly clock: Clock
  readonly send: Send
  readonly sample: (line: SampleLine) => void
  readonly live: LiveLoad
}

/** One for each client of an emitter whose events come at times of their own. */
export function createPlayers(
  emitter: keyof typeof assign,
  plan: readonly PlannedRr[],
  { client, seed, runId, ...setup }: PlayersSetup,
): Player[] {
  const assignments = assign[emitter](plan, { ...setup, options: client, random: createRandom(seed ^ 0x717e4) })
  return assignments.map((assignment) => play(assignment, runId, setup.clock))
}

/** As late as a machine may be without being tired: see the hypothesis of a saturated generator. */
const overdueAfterMs = 50

/** Hands the events of some RRs to their client, each when it is due. */
function play({ client, rrs }: Assignment, runId: string, clock: Clock): Player {
  const planned = rrs.reduce((sum, rr) => sum + rr.events.length, 0)
  let left = planned
  let isStopped = false
  /** How to call off the next event of each RR: they follow one another, so one at a time is all that waits. */
  const cancelNext: (() => void)[] = []
  const armNext = (rr: PlannedRr, place: number, index: number) => {
    const event = rr.events[index]
    if (!event || isStopped) return
    const { type, intendedMs } = event
    cancelNext[place] = at(clock, intendedMs, () => {
      const facts = { type, rr: rr.name, client: client.name, runId, atEpochMs: clock.burstAtEpochMs + intendedMs }
      client.emit(intendedMs, (number) => eventJson({ ...facts, number }))
      left--
      if (left === 0) client.close()
      armNext(rr, place, index + 1)
    })
  }
  rrs.forEach((rr, place) => {
    armNext(rr, place, 0)
  })
  return {
    finished: client.finished,
    stop() {
      isStopped = true
      for (const cancel of cancelNext) cancel()
      const dueMs = clock.now() - overdueAfterMs
      const due = rrs.reduce((sum, rr) => sum + rr.events.filter(({ intendedMs }) => intendedMs < dueMs).length, 0)
      client.stop(Math.max(0, due - (planned - left)))
    },
  }
}
