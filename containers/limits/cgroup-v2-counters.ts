import { join } from 'node:path'
import type { ResourceCounters } from '../../harness/stack.ts'
import { field, number, openCounterFiles, type ReadFile, scaled } from './counter-files.ts'

/** Version 2 counts CPU time in microseconds. */
const usPerMs = 1_000

/** Opens the counters of a version 2 group. What happened in groups inside it counts too. */
export function openCounters(folder: string): ResourceCounters & { close(): void } {
  return openCounterFiles((read) => {
    const cpuStat = read(join(folder, 'cpu.stat'))
    const memoryEvents = read(join(folder, 'memory.events'))
    const memoryStat = read(join(folder, 'memory.stat'))
    return {
      memoryBytes: number(read(join(folder, 'memory.current'))),
      memoryPeakBytes: peak(folder, memoryEvents, read),
      rssBytes: field(memoryStat, 'anon'),
      shmemBytes: field(memoryStat, 'shmem'),
      oomKills: field(memoryEvents, 'oom_kill'),
      cpuUsageMs: scaled(field(cpuStat, 'usage_usec'), usPerMs),
      periods: field(cpuStat, 'nr_periods'),
      throttledPeriods: field(cpuStat, 'nr_throttled'),
      throttledMs: scaled(field(cpuStat, 'throttled_usec'), usPerMs),
    }
  })
}

/**
 * The kernel's own high-water mark. Before Linux 5.19 there is no memory.peak, but the kernel counts how often the group
 * ran into its limit: then the peak is the limit, and else it is not known.
 */
function peak(folder: string, memoryEvents: string | null, read: ReadFile): number | null {
  const stated = number(read(join(folder, 'memory.peak')))
  if (stated !== null) return stated
  const hits = field(memoryEvents, 'max')
  return hits ? number(read(join(folder, 'memory.max'))) : null
}
