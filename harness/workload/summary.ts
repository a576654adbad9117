import type { Clock } from '../clock.ts'
import type { ClientSummary, EventRange } from '../sample.ts'

/** What a client has done. Absent: nothing. */
export interface Done {
  /** Events that it took. */
  readonly emitted?: number
  /** Those that no request has carried yet. */
  readonly waiting?: number
  /** What is in an attempt, or in the pause before the next one. */
  readonly inFlight?: readonly EventRange[]
  readonly jsonBytes?: number
  /** Events that were due for it and that a late generator did not get to emit. */
  readonly overdue?: number
}

/** For the record. */
export function summaryOf(
  { name, clock }: { readonly name: string; readonly clock: Clock },
  { emitted = 0, waiting = 0, inFlight = [], jsonBytes = 0, overdue = 0 }: Done,
): ClientSummary {
  const open = inFlight.map(({ firstEvent, events }) => ({ firstEvent, events }))
  const unfinished = open.reduce((sum, { events }) => sum + events, waiting)
  const late = overdue > 0 ? { overdue } : {}
  return { kind: 'client', t: clock.now(), client: name, emitted, unfinished, inFlight: open, jsonBytes, ...late }
}
