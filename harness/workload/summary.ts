import type { ClientSummary } from '../sample.ts'
import type { ClientSetup } from './client.ts'
import type { Delivery } from './delivery.ts'

/** What a client had done when it was stopped. `waiting`: events that no request has carried yet. */
export function summarise(
  { name, clock }: ClientSetup,
  delivery: Delivery,
  {
    emitted,
    waiting,
    jsonBytes,
    overdue,
  }: {
    readonly emitted: number
    readonly waiting: number
    readonly jsonBytes: number
    readonly overdue: number
  },
): ClientSummary {
  const open = delivery.inFlight().map(({ firstEvent, events }) => ({ firstEvent, events }))
  const unfinished = open.reduce((sum, { events }) => sum + events, waiting)
  const late = overdue > 0 ? { overdue } : {}
  return { kind: 'client', t: clock.now(), client: name, emitted, unfinished, inFlight: open, jsonBytes, ...late }
}
