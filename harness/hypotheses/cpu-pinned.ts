import type { Evidence } from '../evidence.ts'
import type { Prediction } from '../hypothesis.ts'
import { type CpuUse, cpuWhilePending } from './cpu-use.ts'
import { absent, notMeasurable, percent, seen, seenSince } from './observe.ts'

/**
 * Below that, most of the time there was CPU to be had. Unlike throttling, a busy neighbour does not hide this wait but
 * adds to it: hence no lower share than half.
 */
const waitedShare = 0.5
const usedShare = 0.9
/** As many as make five CFS periods; with less, the clock ticks in which CPU time is counted decide. */
const shortestMs = 500

/**
 * Pinning throttles nobody, so no counter of it comes with it. Instead the kernel counts how long threads were ready to
 * run and had no CPU. That may be another process's doing: hence the service must have used the CPUs up itself.
 */
export const waitsForCpu: Prediction = {
  statement: 'threads of the service wait for a CPU most of the time while work is pending, before the first timeout',
  necessary: true,
  observe(evidence) {
    const used = pinnedUse(evidence)
    if ('result' in used) return used
    if (used.waitedMs === null) return notMeasurable('no reading of the time that threads waited for a CPU')
    const because = `threads waited ${(used.waitedMs / used.durationMs).toFixed(2)} s per second for a CPU`
    return used.waitedMs >= waitedShare * used.durationMs
      ? seenSince(used.sinceMs, because, used.refs)
      : absent(because, used.refs)
  },
}

export const usesPinnedCpusUp: Prediction = {
  statement: 'it uses the CPUs that it is pinned to up meanwhile',
  necessary: true,
  observe(evidence) {
    const used = pinnedUse(evidence)
    if ('result' in used) return used
    const cpus = evidence.appliedLimits?.cpus
    if (!cpus) return notMeasurable('the CPUs that it is pinned to were not read back')
    if (used.cpuMs === null) return notMeasurable('no reading of CPU time')
    const share = used.cpuMs / (used.durationMs * cpus)
    const because = `used ${percent(share)} of the ${cpus === 1 ? 'CPU' : 'CPUs'} it was pinned to`
    if (share >= usedShare) return seen(because, used.refs)
    // It wanted more and others had it: whether these CPUs would do if it had them for itself was not tried.
    const isCrowdedOut = used.waitedMs !== null && used.waitedMs >= waitedShare * used.durationMs
    return isCrowdedOut ? notMeasurable(`${because}: other processes had the rest`) : absent(because, used.refs)
  },
}

/** Without a limit nothing can be said of it, whatever else was seen. */
export const limitInForce: Prediction = {
  statement: 'the CPU limit that was asked for is in force',
  necessary: true,
  observe: ({ appliedLimits }) =>
    notMeasurable(`no CPU limit in force: ${appliedLimits?.cpusWhyNot ?? 'none could be set'}`),
}

function pinnedUse(evidence: Evidence): CpuUse | ReturnType<typeof notMeasurable> {
  const used = cpuWhilePending(evidence, 'cpuUsageMs')
  if ('result' in used || used.durationMs >= shortestMs) return used
  return notMeasurable(`CPU time was read for ${Math.round(used.durationMs)} ms of pending work only`)
}
