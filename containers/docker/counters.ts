import { readFileSync } from 'node:fs'
import type { ResourceCounters, ResourceReading } from '../../harness/stack.ts'
import { field, nothing } from '../limits/counter-files.ts'

/**
 * The counters of a container, also over restarts. An engine removes the group of a container that ends, and makes a new
 * one when it starts it again.
 */
export interface ContainerCounters extends ResourceCounters, Disposable {
  /** The container has started (again): from now on this is its group. Sums go on from where they were. */
  follow(source: CounterSource): void
}

/** Where counters are read: a control group, or what an engine tells of it. */
export interface CounterSource {
  open(): ResourceCounters & { close(): void }
}

/** What only ever rises in one group. The peak is no sum: the highest counts. */
const sums = ['oomKills', 'cpuUsageMs', 'periods', 'throttledPeriods', 'throttledMs'] as const

/**
 * @param machineOomKills the kernel's count of OOM kills on the whole machine
 */
export function createContainerCounters(machineOomKills = readMachineOomKills): ContainerCounters {
  let open: (ResourceCounters & { close(): void }) | null = null
  /** The sums of the groups before this one, and the highest of their peaks. */
  let before: ResourceReading = {
    ...nothing,
    oomKills: 0,
    cpuUsageMs: 0,
    periods: 0,
    throttledPeriods: 0,
    throttledMs: 0,
  }
  let last: ResourceReading = nothing
  let atStart: { readonly ofGroup: number; readonly ofMachine: number } | null = null
  let gone: ResourceReading | null = null

  /**
   * A group that is gone can be asked no more. What it counted stands, if nothing was missed between the last look and its
   * end. That matters for OOM kills: they come last. The machine's own count tells, for it has no kill that we have not.
   */
  const lastWords = (): ResourceReading => {
    const now = machineOomKills()
    const isComplete =
      now !== null &&
      atStart !== null &&
      last.oomKills !== null &&
      last.oomKills - atStart.ofGroup === now - atStart.ofMachine
    return { ...last, memoryBytes: null, rssBytes: null, shmemBytes: null, oomKills: isComplete ? last.oomKills : null }
  }
  const readGroup = (): ResourceReading => {
    if (gone) return gone
    const reading = open?.read() ?? nothing
    if (reading.memoryBytes !== null || reading.oomKills !== null) {
      last = reading
      return reading
    }
    // Nothing was ever read: nothing can be said.
    if (last === nothing) return nothing
    gone = lastWords()
    return gone
  }
  const added = (reading: ResourceReading): ResourceReading => {
    const total = { ...reading }
    for (const name of sums) total[name] = plus(before[name], reading[name])
    total.memoryPeakBytes = highest(before.memoryPeakBytes, reading.memoryPeakBytes)
    return total
  }
  return {
    read: () => added(readGroup()),
    follow(source) {
      if (open) before = added(readGroup())
      open?.close()
      open = source.open()
      const ofMachine = machineOomKills()
      const ofGroup = open.read().oomKills
      atStart = ofMachine === null || ofGroup === null ? null : { ofGroup, ofMachine }
      last = nothing
      gone = null
    },
    [Symbol.dispose]() {
      open?.close()
      open = null
    },
  }
}

/** The kernel's own count of all OOM kills since it was started; null where it does not say. */
function readMachineOomKills(): number | null {
  try {
    return field(readFileSync('/proc/vmstat', 'latin1'), 'oom_kill')
  } catch {
    return null
  }
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}

function highest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b)
}
