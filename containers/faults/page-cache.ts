import type { Fault } from '../../harness/fault.ts'
import { at, confessed, effect, mib, type PerLevel, sinceStart, withProfile, withStandIn } from './standing-in.ts'

/** In how many seconds the file is as large as the memory limit. */
const seconds: PerLevel<number> = [3.5, 3, 2.5, 2.2, 2]
const peakShare = 0.98

export const pageCache: Fault = {
  name: 'page-cache',
  description: 'a look-alike: page cache fills memory up to the limit, and nobody is killed for it',
  causes: [],
  runtimes: withStandIn,
  describe: (level) => `as large as the limit in ${at(seconds, level)} s`,
  prepare(scenario, level) {
    const { memoryLimitBytes } = scenario.limits
    return withProfile(scenario, 'page-cache', {
      fileBytes: Math.round(1.3 * memoryLimitBytes),
      bytesPerSec: Math.round(memoryLimitBytes / at(seconds, level)),
      afterMs: sinceStart(scenario, 300),
    })
  },
  check(witness) {
    const writtenBytes = confessed(witness, 'page-cache', 'writtenBytes')
    const { cgroup, appliedLimits } = witness.evidence
    const peakBytes = Math.max(0, ...cgroup.map((probe) => probe.memoryPeakBytes ?? 0))
    const isFull = peakBytes >= peakShare * (appliedLimits?.memoryLimitBytes ?? Number.POSITIVE_INFINITY)
    return effect(isFull, `wrote ${mib(writtenBytes)}; memory peak ${mib(peakBytes)}`)
  },
}
