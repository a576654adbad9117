import type { ErrorClass } from '../sample.ts'
import type { Timeline } from '../verdict.ts'

/** What the incident's report saw, in milliseconds after the burst: printed beside what a run measured. */
export const reported = { resetMs: 1_000, timeoutMs: 23_000, refusedMs: 28_000, healthMs: 43_000 } as const

/** A row of the failure timeline. Times in milliseconds since the burst; `reportedMs` is when the report saw it first. */
export interface TimelineRow {
  readonly what: string
  readonly firstMs: number | null
  readonly lastMs: number | null
  /** `null` where counting says nothing. */
  readonly count: number | null
  readonly perSecond: readonly (readonly [number, number])[]
  readonly reportedMs: number | null
}

/** The failure timeline in the order in which things were first seen; what the report saw and the run did not, last. */
export function timelineRows(timeline: Timeline): TimelineRow[] {
  const { errors, diedMs, firstHealthFailureMs } = timeline
  const reportedFirst: Partial<Record<ErrorClass, number>> = {
    reset: reported.resetMs,
    timeout: reported.timeoutMs,
    refused: reported.refusedMs,
  }
  const always: ErrorClass[] = ['reset', 'timeout', 'refused']
  const others = errors.map((span) => span.errorClass).filter((errorClass) => !always.includes(errorClass))
  const rows: TimelineRow[] = [...always, ...others].map((errorClass) => {
    const span = errors.find((candidate) => candidate.errorClass === errorClass)
    return {
      what: errorClass,
      firstMs: span?.firstMs ?? null,
      lastMs: span?.lastMs ?? null,
      count: span?.count ?? 0,
      perSecond: span?.perSecond ?? [],
      reportedMs: reportedFirst[errorClass] ?? null,
    }
  })
  const once = { lastMs: null, count: null, perSecond: [] }
  rows.push({ ...once, what: 'death', firstMs: diedMs, reportedMs: null })
  rows.push({ ...once, what: 'health fails', firstMs: firstHealthFailureMs, reportedMs: reported.healthMs })
  rows.push(...restartRows(timeline))
  return rows.sort((a, b) => (a.firstMs ?? Number.POSITIVE_INFINITY) - (b.firstMs ?? Number.POSITIVE_INFINITY))
}

/** What the report calls its fourth phase: how health fails while a service that died is started again, and whether it is back. */
function restartRows({ startedAgainMs = [], healthErrors = [], healthBackMs = null }: Timeline): TimelineRow[] {
  const [firstMs] = startedAgainMs
  if (firstMs === undefined) return []
  const row = { lastMs: null, count: null, perSecond: [], reportedMs: null }
  return [
    { ...row, what: 'started again', firstMs, lastMs: startedAgainMs.at(-1) ?? null, count: startedAgainMs.length },
    ...healthErrors.map(({ errorClass, ...span }) => {
      return {
        ...row,
        what: `  by ${errorClass}`,
        ...span,
        reportedMs: errorClass === 'reset' ? reported.healthMs : null,
      }
    }),
    ...(healthBackMs === null ? [] : [{ ...row, what: 'health back', firstMs: healthBackMs }]),
  ]
}
