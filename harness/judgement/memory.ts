import type { Evidence } from '../evidence.ts'
import { readingsOf } from '../growth.ts'
import { highest, type Point, points, watchedUntilMs } from '../measure.ts'
import type { Memory } from '../verdict.ts'

const mostValues = 60

/**
 * The memory that is limited, the service's or the whole stack's: limit and peak as whatever enforces the limit has them,
 * and a small picture of the run.
 */
export function memory(evidence: Evidence): Memory {
  const isShared = evidence.appliedLimits?.memoryScope === 'stack'
  const probes = readingsOf(evidence, isShared ? 'stack' : 'datastorage')
  const used = points(probes, (probe) => probe.memoryBytes)
  const peaks = points(probes, (probe) => probe.memoryPeakBytes)
  const untilMs = watchedUntilMs(evidence) ?? used.at(-1)?.t ?? 0
  const during = used.filter((point) => point.t >= 0 && point.t <= untilMs)

  const values = Math.min(mostValues, during.length)
  const stretchOf = (t: number) => Math.min(values - 1, Math.floor((t / Math.max(untilMs, 1)) * values))
  const series = Array.from({ length: values }, (_, index) => during.filter((point) => stretchOf(point.t) === index))
  return {
    limiter: evidence.appliedLimits?.limiter ?? null,
    ...(isShared && { scope: 'stack' as const }),
    limitBytes: evidence.appliedLimits?.memoryLimitBytes ?? null,
    peakBytes: highest(peaks)?.value ?? highest(used)?.value ?? null,
    baselineBytes: baselineBytes(used),
    seriesBytes: series.flatMap((stretch) => highest(stretch)?.value ?? []),
  }
}

/** Of a series of memory readings: what was there before the burst. */
export function baselineBytes(used: readonly Point[]): number | null {
  return (used.findLast((point) => point.t <= 0) ?? used[0])?.value ?? null
}
