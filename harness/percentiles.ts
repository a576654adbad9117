import { createHistogram } from 'node:perf_hooks'
import type { Percentiles } from './verdict.ts'

/** Durations in an HDR histogram: microseconds, three significant figures, the same memory however many there are. */
export interface Durations {
  record(durationMs: number): void
  readonly count: number
  percentileMs(percentile: number): number
  readonly maxMs: number
}

export function createDurations(): Durations {
  const histogram = createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 })
  return {
    record: (durationMs) => histogram.record(Math.max(1, Math.round(durationMs * 1000))),
    get count() {
      return histogram.count
    },
    percentileMs: (percentile) => histogram.percentile(percentile) / 1000,
    get maxMs() {
      return histogram.max / 1000
    },
  }
}

/** `null` for no durations. */
export function percentiles(durationsMs: readonly number[]): Percentiles | null {
  if (durationsMs.length === 0) return null
  const durations = createDurations()
  for (const durationMs of durationsMs) durations.record(durationMs)
  const at = durations.percentileMs
  return { count: durationsMs.length, p50Ms: at(50), p95Ms: at(95), p99Ms: at(99), maxMs: durations.maxMs }
}
