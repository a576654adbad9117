import { lastArrivalMs } from '../arrivals.ts'
import type { Evidence } from '../evidence.ts'
import {
  attemptsPerEvent,
  effectiveWriteRatePerSec,
  highest,
  loadClients,
  points,
  watchedUntilMs,
  writeAttempts,
} from '../measure.ts'
import type { Plausibility } from '../verdict.ts'
import { baselineBytes } from './memory.ts'

/** The figures that tell whether an explanation can be true at all, such as the memory that one pending event must cost. */
export function plausibility(evidence: Evidence): Plausibility {
  const untilMs = watchedUntilMs(evidence) ?? undefined
  const peak = highest(points(evidence.service, (probe) => probe.eventsPending, 0, untilMs))
  const peakPending = peak?.value ?? null
  // The service's own memory, also where a limit holds the whole stack: events are pending in it alone.
  const baseline = baselineBytes(points(evidence.cgroup, (probe) => probe.memoryBytes))
  const bytesAtPeak = peak ? memoryAt(evidence, peak.t) : null
  const abandoned = points(
    evidence.service,
    ({ requestsInProgress: all, requestsAwaitingAnswer: awaited }) =>
      all === null || awaited === null ? null : all - awaited,
    0,
    untilMs,
  )
  const attempts = writeAttempts(evidence)
  const lastSentMs = attempts.reduce((last, attempt) => Math.max(last, attempt.startedMs), 0)
  const clients = loadClients(evidence)
  const emitted = clients.reduce((sum, client) => sum + client.emitted, 0)
  const jsonBytes = clients.reduce((sum, client) => sum + client.jsonBytes, 0)
  return {
    peakPendingEvents: peakPending,
    bytesPerPendingEvent: bytesAtPeak === null || baseline === null ? null : ratio(bytesAtPeak - baseline, peakPending),
    bytesPerEventAsJson: ratio(jsonBytes, emitted),
    eventsPerSecEmitted: emitted === 0 ? null : ratio(emitted, emissionMs(evidence) / 1000),
    attemptsPerSecSent: attempts.length === 0 ? null : ratio(attempts.length, lastSentMs / 1000),
    attemptsPerEvent: attemptsPerEvent(evidence),
    eventsPerRequest: ratio(
      attempts.reduce((sum, attempt) => sum + attempt.events, 0),
      attempts.length,
    ),
    effectiveWriteRatePerSec: effectiveWriteRatePerSec(evidence),
    peakAbandonedRequests: highest(abandoned)?.value ?? null,
    cpuUsedShare: cpuUsedShare(evidence),
    peakConnections: highest(points(evidence.service, (probe) => probe.poolInUse, 0, untilMs))?.value ?? null,
    poolSize: evidence.poolSize,
  }
}

/** A reading farther away than this is of another moment. */
const nearMs = 1_000

/** The memory reading next to a moment. The kernel's peak may be of another moment altogether. */
function memoryAt(evidence: Evidence, atMs: number): number | null {
  const near = points(evidence.cgroup, (probe) => probe.memoryBytes, atMs - nearMs, atMs + nearMs)
  const [first, ...others] = near
  if (!first) return null
  return others.reduce((best, point) => (Math.abs(point.t - atMs) < Math.abs(best.t - atMs) ? point : best), first)
    .value
}

/** How long RRs emit events: from the burst to the end of the last RR's life, or of the run where that came first. */
function emissionMs(evidence: Evidence): number {
  const { load, end } = evidence
  // There, the service's answers set the pace.
  if (load.emitter === 'closed-loop') {
    return writeAttempts(evidence).reduce((last, attempt) => Math.max(last, attempt.startedMs), 0)
  }
  const plannedMs = load.lifeMs + lastArrivalMs(load)
  return Math.min(plannedMs, end?.t ?? plannedMs)
}

function cpuUsedShare(evidence: Evidence): number | null {
  const cpus = evidence.appliedLimits?.cpus
  const used = points(evidence.cgroup, (probe) => probe.cpuUsageMs, 0, emissionMs(evidence))
  const [from, to] = [used[0], used.at(-1)]
  if (!cpus || !from || !to) return null
  return ratio(to.value - from.value, (to.t - from.t) * cpus)
}

function ratio(part: number, whole: number | null): number | null {
  return whole === null || whole <= 0 ? null : part / whole
}
