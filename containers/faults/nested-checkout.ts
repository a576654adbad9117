import type { Fault } from '../../harness/fault.ts'
import { at, confessed, effect, type PerLevel, withProfile, withStandIn } from './standing-in.ts'

const poolSizes: PerLevel<number> = [6, 5, 4, 3, 2]

export const nestedCheckout: Fault = {
  name: 'nested-checkout',
  description: 'each write audits itself on a second connection of the same pool: a deadlock on the pool',
  causes: ['nested-checkout'],
  runtimes: withStandIn,
  describe: (level) => `a pool of ${at(poolSizes, level)}`,
  prepare: (scenario, level) =>
    withProfile(
      scenario,
      'nested-checkout',
      { limitMs: 4_000, databaseMsPerWrite: 100 },
      { poolSize: at(poolSizes, level) },
    ),
  check(witness, level) {
    const gaveUp = confessed(witness, 'nested-checkout', 'gaveUp')
    return effect(gaveUp >= at(poolSizes, level), `${gaveUp} writes gave up waiting for a second connection`)
  },
}
