import type { Clock } from '../clock.ts'
import { createRandom } from '../random.ts'
import type { SampleLine } from '../sample.ts'
import type { ClientOptions, Load } from '../scenario.ts'
import { startClosedLoop } from './closed-loop.ts'
import type { Crew } from './crew.ts'
import { isOwnTimed } from './emitters.ts'
import { planLoad } from './life-cycle.ts'
import { createLive, type LiveLoad } from './live.ts'
import { createPlayer, type Player } from './players.ts'
import { startQueries } from './queries.ts'
import { createSender } from './send.ts'

export { runChecks } from './checks/index.ts'
export { startCrew } from './crew.ts'
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
  /** Threads that send, where the emitter has clients to share out; they must have started. Absent: this thread sends. */
  readonly crew?: Crew | null
}

export interface Drive {
  /**
   * Resolves when no client has anything left, or after an abort; in both cases all lines are written, with a summary
   * of each client last.
   */
  readonly done: Promise<void>
  readonly live: LiveLoad
}

/** To plan an RR takes less than 0.015 ms on a machine that does nothing else. */
const preparationOfRrMs = 0.04

/** How long before anything else that is due `drive` should be called, milliseconds: until then it is busy with what it will do. */
export function preparationMs({ rrs }: Pick<Load, 'rrs'>): number {
  return rrs * preparationOfRrMs
}

/** Plays the load through the clients of its emitter: what is due is sent when it is due. */
export function drive(options: DriveOptions): Drive {
  const live = createLive()
  return { done: playLoad(options, live), live }
}

async function playLoad(options: DriveOptions, live: LiveLoad): Promise<void> {
  const { load, client, seed, runId, baseUrl, clock, sample, signal, crew } = options
  const plan = planLoad(load, { seed, runId, flushMs: client.flushMs })
  live.planned = plan.reduce((sum, rr) => sum + rr.events.length, 0)
  await using sender = createSender(baseUrl, client.timeoutMs)
  const { send } = sender
  const setup = { client, seed, runId, clock, send, sample, live }
  let players: Player[]
  if (!isOwnTimed(load.emitter)) {
    players = [startClosedLoop({ plan, runId, baseUrl, options: client, clock, sample, live })]
  } else players = crew ? crew.play(options, live) : [createPlayer(load.emitter, plan, setup)]
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
    await Promise.all(players.map((player) => player.stop()))
  }
}
