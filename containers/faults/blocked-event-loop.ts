import type { Fault } from '../../harness/fault.ts'
import { at, confessed, effect, type PerLevel, sinceStart, withProfile, withStandIn } from './standing-in.ts'

const blockMs: PerLevel<number> = [2_500, 3_000, 3_500, 4_000, 5_000]

export const blockedEventLoop: Fault = {
  name: 'blocked-event-loop',
  description: 'a long computation on the main thread: nothing is read, answered or timed meanwhile',
  causes: ['blocked-event-loop'],
  runtimes: withStandIn,
  describe: (level) => `for ${at(blockMs, level)} ms`,
  prepare: (scenario, level) =>
    withProfile(scenario, 'blocked-loop', { afterMs: sinceStart(scenario, 1_500), blockMs: at(blockMs, level) }),
  check(witness) {
    const ms = confessed(witness, 'blocked-loop', 'blockMs')
    return effect(ms > 0, ms > 0 ? `blocked for ${ms} ms` : 'it never blocked, or never came back')
  },
}
