import type { Evidence } from '../evidence.ts'
import { formatCpus } from '../units.ts'
import type { CpuLimit } from '../verdict.ts'

/** What held the service to its CPUs. */
export function cpu({ appliedLimits }: Evidence): CpuLimit {
  if (!appliedLimits) return { limitCpus: null, by: null }
  // Records from before there was another way name none: it was a quota.
  return { limitCpus: appliedLimits.cpus, by: appliedLimits.cpusBy ?? 'quota' }
}

/** In words, when the run had no CPU limit although one was asked for. */
export function cpuLimitNotInForce({ appliedLimits, limits }: Evidence) {
  if (appliedLimits?.cpusBy !== 'nothing') return null
  const what = `the limit of ${formatCpus(limits.cpus)} was not in force`
  return {
    what,
    because: `${what}: ${appliedLimits.cpusWhyNot ?? 'nothing here can limit it'}`,
    sentence: `The limit of ${formatCpus(limits.cpus)} that was asked for was not in force.`,
  }
}
