import { createHistogram } from 'node:perf_hooks'
import type { Evidence } from '../evidence.ts'
import { attemptsBeforeFirstError, writeAttempts } from '../measure.ts'
import type { Latency, Percentiles } from '../verdict.ts'

/**
 * Latencies of the load's batches, timeouts included. Attempts that found no living service are left out: a refusal
 * within a millisecond would make a dead service look fast.
 */
export function latency(evidence: Evidence): Latency {
  const attempts = writeAttempts(evidence)
  return {
    response: percentiles(attempts.map((attempt) => attempt.endedMs - attempt.intendedMs)),
    service: percentiles(attempts.map((attempt) => attempt.endedMs - attempt.startedMs)),
    sendDelay: percentiles(attemptsBeforeFirstError(evidence).map((attempt) => attempt.startedMs - attempt.intendedMs)),
  }
}

/** HDR histogram in microseconds, three significant figures. `null` for no durations. */
function percentiles(durationsMs: readonly number[]): Percentiles | null {
  if (durationsMs.length === 0) return null
  const histogram = createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 })
  for (const durationMs of durationsMs) histogram.record(Math.max(1, Math.round(durationMs * 1000)))
  const at = (percentile: number) => histogram.percentile(percentile) / 1000
  return { count: durationsMs.length, p50Ms: at(50), p95Ms: at(95), p99Ms: at(99), maxMs: histogram.max / 1000 }
}
