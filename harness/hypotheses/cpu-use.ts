import type { Evidence } from '../evidence.ts'
import {
  failedAttempts,
  longestGapMs,
  longestSilenceMs,
  pendingStretches,
  points,
  type Stretch,
  writeAttempts,
} from '../measure.ts'
import type { CgroupProbe } from '../probe-line.ts'
import type { Observed } from '../verdict.ts'
import { notMeasurable, watched } from './observe.ts'

/** What the service had of the CPU while work was pending. `null`: not counted, or not throughout. */
export interface CpuUse {
  readonly periods: number | null
  readonly throttled: number | null
  readonly cpuMs: number | null
  readonly waitedMs: number | null
  readonly durationMs: number
  /** The first reading of them. */
  readonly sinceMs: number
  readonly refs: readonly string[]
}

/**
 * Counters while work was pending, until the first timeout: from then on clients send again, and a CPU that is short only
 * since then is an effect, not the cause. Only readings that carry `needed` count.
 */
export function cpuWhilePending(evidence: Evidence, needed: 'periods' | 'cpuUsageMs'): CpuUse | Observed {
  const window = watched(evidence)
  if (!('untilMs' in window)) return window
  if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
  const untilMs = failedAttempts(evidence, ['timeout'])[0]?.endedMs ?? window.untilMs
  const pending = pendingStretches(evidence)
    .filter((stretch) => stretch.fromMs < untilMs)
    .map((stretch) => ({ fromMs: stretch.fromMs, toMs: Math.min(stretch.toMs, untilMs) }))

  const readings = evidence.cgroup.filter((probe) => probe.t <= untilMs + 1_000)
  const counted = points(readings, (probe) => probe[needed])
  const whole: Stretch = { fromMs: pending[0]?.fromMs ?? 0, toMs: pending.at(-1)?.toMs ?? 0 }
  if (longestGapMs(counted, whole) > longestSilenceMs(evidence))
    return notMeasurable('no CPU readings that cover the overload')

  const sums = { periods: 0, throttled: 0, cpuMs: 0, waitedMs: 0, durationMs: 0 } as Sums
  const refs: string[] = []
  let sinceMs = 0
  let at = 0
  for (const [index, from] of readings.entries()) {
    const to = readings[index + 1]
    while (at < pending.length && (pending[at]?.toMs ?? 0) <= from.t) at++
    const stretch = pending[at]
    if (!to || !stretch || from.t < stretch.fromMs || to.t > untilMs || from[needed] === null || to[needed] === null)
      continue
    addBetween(sums, from, to)
    if (refs.length === 0) {
      refs.push(from.ref)
      sinceMs = from.t
    }
    refs[1] = to.ref
  }
  return { ...sums, sinceMs, refs }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Sums = Mutable<Omit<CpuUse, 'sinceMs' | 'refs'>>

function addBetween(sums: Sums, from: CgroupProbe, to: CgroupProbe): void {
  sums.periods = add(sums.periods, from.periods, to.periods)
  sums.throttled = add(sums.throttled, from.throttledPeriods, to.throttledPeriods)
  sums.cpuMs = add(sums.cpuMs, from.cpuUsageMs, to.cpuUsageMs)
  sums.waitedMs = add(sums.waitedMs, from.cpuWaitMs ?? null, to.cpuWaitMs ?? null)
  sums.durationMs += to.t - from.t
}

function add(sum: number | null, from: number | null, to: number | null): number | null {
  return sum === null || from === null || to === null ? null : sum + to - from
}
