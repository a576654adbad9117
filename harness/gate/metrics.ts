import { ProcessEndedError, StackError } from '../errors.ts'
import type { Evidence } from '../evidence.ts'
import type { Limit, Measured, MetricName } from '../gate-result.ts'
import type { Verdict } from '../verdict.ts'
import { cpuPerEventMs, sustainedEventsPerSec, timeToRecoverMs } from './under-load.ts'

/** What a verdict does not tell. */
const fromRecord: Readonly<Partial<Record<MetricName, (evidence: Evidence) => number | null>>> = {
  'events/s sustained': sustainedEventsPerSec,
  'time to recover': timeToRecoverMs,
  'cpu per event': cpuPerEventMs,
}

/** Whether the record has to be read for these limits. */
export function needsRecord(limits: readonly Limit[]): boolean {
  return limits.some(({ metric }) => fromRecord[metric] !== undefined)
}

/** A run that could not be carried out. */
export function notRun(why: string): Measured {
  return { unusable: why, crashed: false, values: {} }
}

/** What a failed run has for the gate. @throws what says more than that one run failed */
export function notRunBy(error: unknown): Measured {
  if (!(error instanceof StackError)) throw error
  return notRun(error instanceof ProcessEndedError ? error.message : `a run could not start: ${error.message}`)
}

/**
 * Of a verdict: response times (from the intended start) in ms, memory in bytes, events lost as a count; of the record, where
 * it is given: events/s, and ms, of CPU time in one case.
 */
export function measure(verdict: Verdict, evidence: Evidence | null): Measured {
  const { outcome, serviceFailure, headline, latency, memory, accounting } = verdict
  const isDead = outcome === 'crashed' || serviceFailure === 'died before the burst'
  if (outcome === 'unknown' && !isDead) return { ...notRun(headline), ...(serviceFailure && { brokeDown: true }) }
  const { acknowledgedAndLost, droppedByClient } = accounting
  return {
    unusable: null,
    crashed: isDead,
    limiter: memory.limiter,
    values: {
      p50: latency.response?.p50Ms ?? null,
      p95: latency.response?.p95Ms ?? null,
      p99: latency.response?.p99Ms ?? null,
      ...(evidence && readRecord(evidence)),
      'peak memory': memory.peakBytes,
      lost: acknowledgedAndLost === null ? null : acknowledgedAndLost + droppedByClient,
    },
  }
}

function readRecord(evidence: Evidence): Measured['values'] {
  return Object.fromEntries(Object.entries(fromRecord).map(([metric, read]) => [metric, read(evidence)]))
}
