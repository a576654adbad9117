/** The last five are named by us, after the names of the report's tests of approvals and of manual review. */
export type EventType =
  | 'orchestrator.lifecycle.started'
  | 'orchestrator.phase.transition'
  | 'orchestrator.lifecycle.completed'
  | 'orchestrator.lifecycle.failed'
  | 'orchestrator.approval.requested'
  | 'orchestrator.approval.approved'
  | 'orchestrator.approval.rejected'
  | 'orchestrator.approval.expired'
  | 'orchestrator.remediation.manual_review'

export interface PlannedEvent {
  readonly type: EventType
  /** Milliseconds since the burst. */
  readonly intendedMs: number
}

/** A RemediationRequest as it will be played: all of its audit events, in order of time. */
export interface PlannedRr {
  readonly name: string
  /** When its batch of RRs is created, milliseconds since the burst. */
  readonly startMs: number
  /** The first flush of its audit client, milliseconds since the burst; the others follow at the client's interval. */
  readonly flushPhaseMs: number
  readonly events: readonly PlannedEvent[]
}
