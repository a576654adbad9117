import type { Fault } from '../../harness/fault.ts'
import { at, confessed, effect, type PerLevel, withProfile, withStandIn } from './standing-in.ts'

/** Of two writers; the load of the scenario leaves each about 40 ms for an event. */
const databaseMsPerEvent: PerLevel<number> = [75, 85, 95, 110, 130]
const fewestAbandoned = 20

export const retryStorm: Fault = {
  name: 'retry-storm',
  description: 'two slow writers that work on what clients have given up and sent again; nothing ends the service',
  causes: ['retry-storm'],
  runtimes: withStandIn,
  describe: (level) => `${at(databaseMsPerEvent, level)} ms per event`,
  prepare: (scenario, level) =>
    withProfile(scenario, 'slow-writers', { writers: 2, databaseMsPerEvent: at(databaseMsPerEvent, level) }),
  check(witness) {
    const written = confessed(witness, 'slow-writers', 'written')
    const again = witness.evidence.attempts.filter(({ phase, attempt }) => phase === 'load' && attempt > 1).length
    return effect(again >= fewestAbandoned && written > 0, `${again} requests sent again, ${written} events written`)
  },
}
