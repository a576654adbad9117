import { roundToUs } from '../clock.ts'
import type { Random } from '../random.ts'
import type { EventType, PlannedEvent } from './planned.ts'

/** The report counts none of these; most requests are approved, and each way of failing is in the record. */
const approvedShare = 0.6
const rejectedShare = 0.2

/**
 * A life in which an operator is asked, with probability `share`: requested, then approved, rejected or expired, at times
 * drawn between its first event and its last. Without an approval there is a manual review, and the life ends in `failed`.
 */
export function withApproval(events: readonly PlannedEvent[], share: number, random: Random): readonly PlannedEvent[] {
  // Always as many numbers, so that a larger share adds RRs to those of a smaller one.
  const [asks = 1, decides = 0, ...places] = Array.from({ length: 5 }, random)
  const [first, last] = [events[0], events.at(-1)]
  if (asks >= share || !first || !last) return events
  const decision = decide(decides)
  const types: EventType[] = ['orchestrator.approval.requested', decision]
  if (decision !== 'orchestrator.approval.approved') types.push('orchestrator.remediation.manual_review')
  const times = places.map((place) => first.intendedMs + place * (last.intendedMs - first.intendedMs))
  times.sort((a, b) => a - b)
  const added = types.map((type, index) => ({ type, intendedMs: roundToUs(times[index] ?? 0) }))
  const between = [...events.slice(1, -1), ...added].sort((a, b) => a.intendedMs - b.intendedMs)
  const isApproved = decision === 'orchestrator.approval.approved'
  return [first, ...between, isApproved ? last : { ...last, type: 'orchestrator.lifecycle.failed' }]
}

function decide(drawn: number): EventType {
  if (drawn < approvedShare) return 'orchestrator.approval.approved'
  return drawn < approvedShare + rejectedShare ? 'orchestrator.approval.rejected' : 'orchestrator.approval.expired'
}
