import type { Evidence } from '../evidence.ts'
import { fate, isProcessSeen, watchedUntilMs } from '../measure.ts'
import { formatAt } from '../units.ts'
import type { Observed } from '../verdict.ts'

/** The prediction holds. */
export function seen(because: string, refs: readonly string[] = []): Observed {
  return { result: 'seen', because, refs }
}

/** The prediction holds, and the state that it speaks of began at `sinceMs`. */
export function seenSince(sinceMs: number, because: string, refs: readonly string[]): Observed {
  return { result: 'seen', because, refs, sinceMs }
}

/** The prediction does not hold, and it was measured for as long as it speaks of. */
export function absent(because: string, refs: readonly string[] = []): Observed {
  return { result: 'absent', because, refs }
}

/** The evidence is missing, short, or ends too early; `because` says what is missing. */
export function notMeasurable(because: string): Observed {
  return { result: 'not measurable', because, refs: [] }
}

/** For a prediction about a death: what is to be said of its exit, once there is one. */
export function ofDeath(
  observe: (exit: NonNullable<Evidence['exit']>, evidence: Evidence) => Observed,
): (evidence: Evidence) => Observed {
  return (evidence) => {
    const { exit, end } = evidence
    if (exit) return observe(exit, evidence)
    if (!end) return notMeasurable('the record has no end')
    if (fate(evidence) === 'alive') return absent('DataStorage did not die', [end.ref])
    return notMeasurable(
      isProcessSeen(evidence) ? "the process's exit is not on record" : "nobody here can see the service's process",
    )
  }
}

/** Until when the service was watched, for predictions that need an end. */
export function watched(evidence: Evidence): { untilMs: number } | Observed {
  const untilMs = watchedUntilMs(evidence)
  return untilMs === null ? notMeasurable('the record has no end') : { untilMs }
}

/** Absent, where the record goes on to an end; nothing can be said to be missing from a record that broke off. */
export function absentIfWatched(evidence: Evidence, because: string): Observed {
  const window = watched(evidence)
  return 'untilMs' in window ? absent(because) : window
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** `from +1.0 s to +9.5 s`. */
export function span(fromMs: number, toMs: number): string {
  return `from ${formatAt(fromMs)} to ${formatAt(toMs)}`
}
