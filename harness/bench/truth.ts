import { constantRate } from '../workload/arrivals.ts'
import type { Latencies } from './tools/tool.ts'

/**
 * Response times by arithmetic: requests at a constant rate from `beganMs` on, to a server that answers at once save that it
 * stands still from `fromMs` to `untilMs`. All on one clock.
 */
export function truthOf(
  { ratePerSec, durationMs, beganMs }: { ratePerSec: number; durationMs: number; beganMs: number },
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
): Latencies {
  const waited = [...constantRate(ratePerSec, durationMs)].map(({ intendedMs }) => {
    const dueMs = beganMs + intendedMs
    return dueMs >= fromMs && dueMs < untilMs ? untilMs - dueMs : 0
  })
  return latenciesOf(waited)
}

/** Exact percentiles, by nearest rank, as a histogram counts. */
export function latenciesOf(durationsMs: readonly number[]): Latencies {
  const sorted = [...durationsMs].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: sorted.at(-1) ?? Number.NaN, count: sorted.length }
}
