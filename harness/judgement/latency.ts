import type { Evidence } from '../evidence.ts'
import { allowedSendDelayMs, attemptsBeforeFirstError, loadClients, writeAttempts } from '../measure.ts'
import { percentiles } from '../percentiles.ts'
import type { Latency } from '../verdict.ts'

/**
 * Latencies of the load's batches, timeouts included. Attempts that found no living service are left out: a refusal
 * within a millisecond would make a dead service look fast.
 */
export function latency(evidence: Evidence): Latency {
  const attempts = writeAttempts(evidence)
  const allowedMs = allowedSendDelayMs(evidence)
  const delays = attempts.map((attempt) => attempt.startedMs - attempt.intendedMs)
  return {
    response: percentiles(attempts.map((attempt) => attempt.endedMs - attempt.intendedMs)),
    service: percentiles(attempts.map((attempt) => attempt.endedMs - attempt.startedMs)),
    sendDelay: percentiles(attemptsBeforeFirstError(evidence).map((attempt) => attempt.startedMs - attempt.intendedMs)),
    sentLate: {
      count: delays.filter((delayMs) => delayMs > allowedMs).length,
      of: attempts.length,
      allowedMs,
      maxMs: delays.reduce((max, delayMs) => Math.max(max, delayMs), 0),
      neverSent: loadClients(evidence).reduce((sum, { overdue = 0 }) => sum + overdue, 0),
    },
  }
}
