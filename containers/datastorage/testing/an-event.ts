import type { AuditEvent } from '../contract.ts'

/** A valid event of the RemediationOrchestrator, dated now, with some fields changed. */
export function anEvent(changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    version: '1.0',
    event_type: 'orchestrator.lifecycle.started',
    event_timestamp: new Date().toISOString(),
    event_category: 'orchestration',
    event_action: 'started',
    event_outcome: 'success',
    correlation_id: 'rr-1',
    event_data: { phase: 'Pending' },
    actor_type: 'service',
    actor_id: 'remediationorchestrator',
    resource_type: 'RemediationRequest',
    resource_id: 'rr-1',
    ...changes,
  }
}
