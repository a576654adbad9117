import type { Fault } from '../../harness/fault.ts'
import { at, effect, type PerLevel, withProfile, withStandIn } from './standing-in.ts'

/** Of a CPU. The work takes some 0.65 of one: without the quota it is done in time. */
const quotas: PerLevel<number> = [0.45, 0.4, 0.36, 0.33, 0.3]
const cpuMsPerEvent = 12
/**
 * Clients give up from +1.6 s on, and nothing new comes later: a stack that starts on a third of a CPU takes its time, and a
 * run must not take more than 20 s. Another fault's latest moment is +7.4 s.
 */
const maxMs = 8_500

export const cpuQuota: Fault = {
  name: 'cpu-quota',
  description: 'a CPU quota below what the load needs',
  causes: ['cpu-too-small'],
  runtimes: withStandIn,
  describe: (level) => `${at(quotas, level)} CPU`,
  prepare(scenario, level) {
    const limits = { ...scenario.limits, cpus: at(quotas, level) }
    const phases = { ...scenario.phases, maxMs: Math.min(scenario.phases.maxMs, maxMs) }
    const limited = { ...scenario, limits, phases }
    // Work is not done for who has left: the CPU is too small, and that is all.
    const deadlineMs = Math.round(1.03 * scenario.client.timeoutMs)
    return withProfile(limited, 'slow-writers', { writers: 2, cpuMsPerEvent, deadlineMs })
  },
  check({ evidence }, level) {
    const last = evidence.cgroup.at(-1)
    const share = (last?.throttledPeriods ?? 0) / Math.max(1, last?.periods ?? 0)
    const isSet = evidence.appliedLimits?.cpus === at(quotas, level)
    return effect(
      isSet && share > 0.1,
      `${evidence.appliedLimits?.cpus} CPU; throttled in ${Math.round(100 * share)} %`,
    )
  },
}
