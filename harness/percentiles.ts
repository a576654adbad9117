import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { Percentiles } from './verdict.ts'

/** HDR histogram in microseconds, three significant figures. */
export function histogramOf(durationsMs: readonly number[]): RecordableHistogram {
  const histogram = createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 })
  for (const durationMs of durationsMs) histogram.record(Math.max(1, Math.round(durationMs * 1000)))
  return histogram
}

/** `null` for no durations. */
export function percentiles(durationsMs: readonly number[]): Percentiles | null {
  if (durationsMs.length === 0) return null
  const histogram = histogramOf(durationsMs)
  const at = (percentile: number) => histogram.percentile(percentile) / 1000
  return { count: durationsMs.length, p50Ms: at(50), p95Ms: at(95), p99Ms: at(99), maxMs: histogram.max / 1000 }
}
