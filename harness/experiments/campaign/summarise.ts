import { createEventLedger } from '../../event-ledger.ts'
import type { Evidence } from '../../evidence.ts'
import { readingsOf } from '../../growth.ts'
import { highest, isLoadWrite, points, watchedUntilMs } from '../../measure.ts'
import type { MemoryCourse, Trial, TrialEvents } from '../../trial.ts'
import type { Verdict } from '../../verdict.ts'

type Summary = Omit<Trial, 'cell' | 'repeat' | 'seed' | 'run' | 'commit' | 'startedAt' | 'tookMs' | 'forecast'>

/** What of a run goes into the table and the pictures. */
export function summarise(verdict: Verdict, evidence: Evidence): Summary {
  const { outcome, missing, chain, diedMs, memory, plausibility, latency, checks } = verdict
  const { response } = latency
  return {
    outcome,
    why: outcome === 'unknown' ? (missing[0] ?? 'the record does not say') : null,
    chain: chain.map((link) => link.hypothesis),
    diedMs,
    limitBytes: memory.limitBytes,
    peakBytes: memory.peakBytes,
    peakPendingEvents: plausibility.peakPendingEvents,
    response: response && { p50Ms: response.p50Ms, p95Ms: response.p95Ms, p99Ms: response.p99Ms },
    events: eventsOf(verdict, evidence),
    writtenPerSec: plausibility.effectiveWriteRatePerSec,
    ...(checks && {
      checks: { passed: checks.filter(({ result }) => result === 'passed').length, of: checks.length },
    }),
    memory: courseOf(evidence),
  }
}

function eventsOf({ accounting }: Verdict, evidence: Evidence): TrialEvents {
  return {
    emitted: accounting.emitted,
    acknowledged: accounting.acknowledged,
    exactlyOnce: evidence.stored && countExactlyOnce(evidence.attempts, evidence.stored),
    dropped: accounting.droppedByClient,
    acknowledgedAndLost: accounting.acknowledgedAndLost,
    storedMoreThanOnce: accounting.storedMoreThanOnce,
    lost: accounting.lost ?? null,
  }
}

/** Events that were acknowledged and are in the database once. */
function countExactlyOnce(all: Evidence['attempts'], stored: NonNullable<Evidence['stored']>): number {
  const acknowledged = all.filter((one) => isLoadWrite(one) && one.outcome === 'ok')
  const ledger = createEventLedger()
  for (const attempt of acknowledged) ledger.mark(attempt, 1)
  let once = 0
  ledger.forEach((_, client, event) => {
    if (stored.get(client)?.[event] === 1) once++
  })
  return once
}

const mostPoints = 120

/** The memory that is limited over the run, each point the highest of its stretch. */
function courseOf(evidence: Evidence): MemoryCourse {
  const untilMs = watchedUntilMs(evidence) ?? Number.POSITIVE_INFINITY
  const probes = readingsOf(evidence, evidence.appliedLimits?.memoryScope === 'stack' ? 'stack' : 'datastorage')
  const used = points(probes, (probe) => probe.memoryBytes, 0, untilMs)
  const each = Math.max(1, Math.ceil(used.length / mostPoints))
  return Array.from({ length: Math.ceil(used.length / each) }, (_, index) => {
    const peak = highest(used.slice(index * each, (index + 1) * each))
    return [Math.round(peak?.t ?? 0), peak?.value ?? 0] as const
  })
}
