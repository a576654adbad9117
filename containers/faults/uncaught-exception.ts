import type { Fault } from '../../harness/fault.ts'
import { at, confessed, effect, type PerLevel, sinceStart, withProfile, withStandIn } from './standing-in.ts'

const atMs: PerLevel<number> = [6_500, 5_000, 3_500, 2_000, 500]

export const uncaughtException: Fault = {
  name: 'uncaught-exception',
  description: 'an error on a timer that nobody catches: Node ends the process',
  causes: ['uncaught-exception'],
  runtimes: withStandIn,
  describe: (level) => `at +${at(atMs, level) / 1000} s`,
  prepare: (scenario, level) => withProfile(scenario, 'uncaught', { afterMs: sinceStart(scenario, at(atMs, level)) }),
  check(witness) {
    const isThrown = confessed(witness, 'uncaught', 'afterMs') > 0
    return effect(isThrown && witness.exit !== null, `thrown: ${isThrown}; exit code ${witness.exit?.code ?? 'none'}`)
  },
}
