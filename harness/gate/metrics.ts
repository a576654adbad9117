import type { Measured } from '../gate-result.ts'
import type { Verdict } from '../verdict.ts'

const nothing = { p50: null, p95: null, p99: null, 'peak memory': null, lost: null }

/** A run that could not be carried out. */
export function notRun(why: string): Measured {
  return { unusable: why, crashed: false, values: nothing }
}

/** Of a verdict: response times (from the intended start) in ms, memory in bytes, events lost as a count. */
export function measure({ outcome, headline, latency, memory, accounting }: Verdict): Measured {
  if (outcome === 'unknown') return notRun(headline)
  const { acknowledgedAndLost, droppedByClient } = accounting
  return {
    unusable: null,
    crashed: outcome === 'crashed',
    values: {
      p50: latency.response?.p50Ms ?? null,
      p95: latency.response?.p95Ms ?? null,
      p99: latency.response?.p99Ms ?? null,
      'peak memory': memory.peakBytes,
      lost: acknowledgedAndLost === null ? null : acknowledgedAndLost + droppedByClient,
    },
  }
}
