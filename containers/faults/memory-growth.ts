import type { Fault, Level, Witness } from '../../harness/fault.ts'
import type { Scenario } from '../../harness/scenario.ts'
import { at, confessed, effect, mib, type PerLevel, sinceStart, withProfile, withStandIn } from './standing-in.ts'

/** Both leaks: in how long the memory that is free at the burst is taken, in seconds, from one second after it. */
function memoryGrowth(name: string, description: string, seconds: PerLevel<number>): Fault {
  return {
    name,
    description,
    causes: ['memory-growth', 'memory-limit'],
    runtimes: withStandIn,
    describe: (level) => `up to the limit in about ${at(seconds, level)} s`,
    prepare(scenario: Scenario, level: Level) {
      const freeBytes = scenario.limits.memoryLimitBytes - baselineBytes
      const bytesPerSec = Math.round(freeBytes / at(seconds, level))
      return withProfile(scenario, 'memory-growth', { bytesPerSec, afterMs: sinceStart(scenario, startMs) })
    },
    check(witness: Witness) {
      const heldBytes = confessed(witness, 'memory-growth', 'heldBytes')
      const { signal } = witness.exit ?? { signal: null }
      return effect(heldBytes > 0 && signal === 'SIGKILL', `held ${mib(heldBytes)}; ended by ${signal ?? 'nobody'}`)
    },
  }
}

/** What the stand-in takes without any load. */
const baselineBytes = 110 * 2 ** 20
const startMs = 1_000

export const memoryGrowthFast = memoryGrowth(
  'memory-growth-fast',
  'memory grows to the limit within a few seconds, whatever work is pending',
  [2.5, 2, 1.5, 1, 0.7],
)
export const memoryGrowthSlow = memoryGrowth(
  'memory-growth-slow',
  'memory grows to the limit over most of the run, whatever work is pending',
  [5.6, 5.3, 5, 4.6, 4],
)
