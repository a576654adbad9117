import type { Clock } from '../clock.ts'
import { createRandom } from '../random.ts'
import type { SampleLine } from '../sample.ts'
import type { ClientOptions, Load } from '../scenario.ts'
import { startClosedLoop } from './closed-loop.ts'
import { type Assignment, assign } from './emitters.ts'
import { eventJson } from './event.ts'
import { planLoad } from './life-cycle.ts'
import { createLive, type LiveLoad } from './live.ts'
import type { PlannedRr } from './planned.ts'
import { startQueries } from './queries.ts'
import { at } from './schedule.ts'
import { createSender } from './send.ts'

export { runChecks } from './checks/index.ts'
export type { LiveLoad } from './live.ts'
export { type WarmUpOptions, warmUp } from './warm-up.ts'

export interface DriveOptions {
  readonly load: Load
  readonly client: ClientOptions
  readonly seed: number
  /** Names the run inside its events, so that the read-back finds them. */
  readonly runId: string
  readonly baseUrl: string
  /** Its t = 0 is the burst. */
  readonly clock: Clock
  readonly sample: (line: SampleLine) => void
  /** Ends the load early: attempts that are open then are cut off and not recorded. */
  readonly signal: AbortSignal
}

export interface Drive {
  /**
   * Resolves when no client has anything left, or after an abort; in both cases all lines are written, with a summary
   * of each client last.
   */
  readonly done: Promise<void>
  readonly live: LiveLoad
}

/** Plays the load through the clients of its emitter: what is due is sent when it is due. */
export function drive(options: DriveOptions): Drive {
  const live = createLive()
  return { done: playLoad(options, live), live }
}

async function playLoad(options: DriveOptions, live: LiveLoad): Promise<void> {
  const { load, client, seed, runId, baseUrl, clock, sample, signal } = options
  const plan = planLoad(load, { seed, runId, flushMs: client.flushMs })
  live.planned = plan.reduce((sum, rr) => sum + rr.events.length, 0)
  await using sender = createSender(baseUrl, client.timeoutMs)
  const { send } = sender
  const players =
    load.emitter === 'closed-loop'
      ? [startClosedLoop({ plan, runId, baseUrl, options: client, clock, sample, live })]
      : assign[load.emitter](plan, {
          options: client,
          clock,
          send,
          sample,
          live,
          random: createRandom(seed ^ 0x717e4),
        }).map((assignment) => play(assignment, options))
  const queries = startQueries({
    plan,
    ratePerSec: load.queriesPerSec,
    timeoutMs: client.timeoutMs,
    // Of its own, so that the RRs' plan does not depend on the number of queries.
    random: createRandom(~seed),
    clock,
    send,
    sample,
  })
  const aborted = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => aborted.resolve(), { once: true })
  if (signal.aborted) aborted.resolve()
  const allSent = Promise.all(players.map((player) => player.finished)).then(() => queries.finish())
  try {
    await Promise.race([allSent, aborted.promise])
  } finally {
    queries.discard()
    for (const player of players) player.stop()
  }
}

/** As late as a machine may be without being tired: see the hypothesis of a saturated generator. */
const overdueAfterMs = 50

/** Hands the events of some RRs to their client, each when it is due. */
function play({ client, rrs }: Assignment, { runId, clock }: DriveOptions) {
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
