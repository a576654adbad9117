import type { EventType } from './planned.ts'

/** What an audit event of ours is made of. */
export interface EventFacts {
  readonly type: EventType
  readonly rr: string
  /** The audit client that carries it, and the event's number within that client: its identity in the read-back. */
  readonly client: string
  readonly number: number
  readonly runId: string
  /** Milliseconds since the Unix epoch. */
  readonly atEpochMs: number
}

interface Kind {
  readonly action: string
  readonly outcome: 'success' | 'failure' | 'pending'
  readonly severity: 'info' | 'warning'
  readonly fromPhase: string
  readonly toPhase: string
  readonly message: string
}

const kinds: Readonly<Record<EventType, Kind>> = {
  'orchestrator.lifecycle.started': {
    action: 'started',
    outcome: 'pending',
    severity: 'info',
    fromPhase: '',
    toPhase: 'Pending',
    message: 'RemediationRequest accepted; waiting for signal processing to enrich the alert',
  },
  'orchestrator.phase.transition': {
    action: 'transitioned',
    outcome: 'success',
    severity: 'info',
    fromPhase: 'Analyzing',
    toPhase: 'Executing',
    message: 'AIAnalysis selected a workflow with sufficient confidence; execution was requested',
  },
  'orchestrator.lifecycle.completed': {
    action: 'completed',
    outcome: 'success',
    severity: 'info',
    fromPhase: 'Executing',
    toPhase: 'Completed',
    message: 'the workflow finished and the target resource is healthy again',
  },
  'orchestrator.lifecycle.failed': {
    action: 'failed',
    outcome: 'failure',
    severity: 'warning',
    fromPhase: 'Executing',
    toPhase: 'Failed',
    message: 'the workflow ended without healing the target resource; manual review is needed',
  },
  'orchestrator.approval.requested': {
    action: 'approval_requested',
    outcome: 'pending',
    severity: 'info',
    fromPhase: 'Analyzing',
    toPhase: 'AwaitingApproval',
    message: 'confidence is below the threshold for execution unattended; somebody was asked',
  },
  'orchestrator.approval.approved': {
    action: 'approved',
    outcome: 'success',
    severity: 'info',
    fromPhase: 'AwaitingApproval',
    toPhase: 'Executing',
    message: 'an operator approved the proposed workflow; execution goes on as planned',
  },
  'orchestrator.approval.rejected': {
    action: 'rejected',
    outcome: 'failure',
    severity: 'warning',
    fromPhase: 'AwaitingApproval',
    toPhase: 'Failed',
    message: 'an operator rejected the proposed workflow; nothing was executed',
  },
  'orchestrator.approval.expired': {
    action: 'expired',
    outcome: 'failure',
    severity: 'warning',
    fromPhase: 'AwaitingApproval',
    toPhase: 'Failed',
    message: 'nobody answered the request for approval in time; nothing was executed',
  },
  'orchestrator.remediation.manual_review': {
    action: 'manual_review',
    outcome: 'pending',
    severity: 'warning',
    fromPhase: 'AwaitingApproval',
    toPhase: 'Failed',
    message: 'the remediation was not approved; the on-call engineer was asked to look at it',
  },
}

/**
 * One event as the DataStorage API takes it, as JSON of 0.8 to 1 KiB: the size of a real one. `event_data` names the
 * run, client and number, which is how the read-back finds it again: the API makes the event's id itself.
 */
export function eventJson({ type, rr, client, number, runId, atEpochMs }: EventFacts): string {
  const { action, outcome, severity, fromPhase, toPhase, message } = kinds[type]
  return JSON.stringify({
    version: '1.0',
    event_type: type,
    event_timestamp: new Date(atEpochMs).toISOString(),
    event_category: 'orchestration',
    event_action: action,
    event_outcome: outcome,
    correlation_id: rr,
    actor_type: 'service',
    actor_id: 'remediationorchestrator',
    resource_type: 'RemediationRequest',
    resource_id: rr,
    namespace: 'remediation-load',
    severity,
    event_data: {
      run: runId,
      client,
      event: number,
      from_phase: fromPhase,
      to_phase: toPhase,
      message,
      signal: { type: 'prometheus', name: 'KubePodCrashLooping', severity: 'critical' },
      target: { kind: 'Deployment', name: 'payment-api', namespace: 'production', replicas: 3 },
      workflow: { id: 'restart-with-backoff', version: '2.3.1', confidence: 0.92, parameters: { grace_seconds: 30 } },
    },
  })
}
