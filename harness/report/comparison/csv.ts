import { stringify } from 'csv-stringify/sync'
import type { Trial } from '../../trial.ts'
import { inert } from '../inert.ts'

/** A line for each run, with what was set for it; empty where a figure was not measured. Times in ms, memory in bytes. */
export function renderTrialsCsv(
  trials: readonly Trial[],
  valuesOf: (trial: Trial) => Readonly<Record<string, string>>,
): string {
  const rows = trials.map((trial) => ({
    ...valuesOf(trial),
    repeat: trial.repeat,
    seed: trial.seed,
    outcome: trial.outcome,
    why: trial.why,
    died_ms: trial.diedMs,
    memory_limit_bytes: trial.limitBytes,
    memory_peak_bytes: trial.peakBytes,
    pending_events_peak: trial.peakPendingEvents,
    response_p50_ms: trial.response?.p50Ms,
    response_p95_ms: trial.response?.p95Ms,
    response_p99_ms: trial.response?.p99Ms,
    events_emitted: trial.events?.emitted,
    events_acknowledged: trial.events?.acknowledged,
    events_exactly_once: trial.events?.exactlyOnce,
    events_dropped: trial.events?.dropped,
    events_acknowledged_and_lost: trial.events?.acknowledgedAndLost,
    events_stored_more_than_once: trial.events?.storedMoreThanOnce,
    events_lost: trial.events?.lost,
    written_per_sec: trial.writtenPerSec,
    audit_checks_passed: trial.checks?.passed,
    causes: trial.chain.join(' > '),
    run: trial.run,
    commit: trial.commit,
  }))
  // A spreadsheet takes a cell that begins with = or @ for a formula.
  return stringify(inert(rows), { header: true, escape_formulas: true })
}
