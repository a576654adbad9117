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

/** Stands for an event's own value, in the template of its type. */
const own = { at: '@at', rr: '@rr', run: '@run', client: '@client', number: '@number' } as const
const anyOwn = new RegExp(`"(${Object.values(own).join('|')})"`)

/** The JSON of an event of some type, cut where its own values come: text, name of the value, text, and so on. */
function templateOf(type: EventType): readonly string[] {
  const { action, outcome, severity, fromPhase, toPhase, message } = kinds[type]
  const json = JSON.stringify({
    version: '1.0',
    event_type: type,
    event_timestamp: own.at,
    event_category: 'orchestration',
    event_action: action,
    event_outcome: outcome,
    correlation_id: own.rr,
    actor_type: 'service',
    actor_id: 'remediationorchestrator',
    resource_type: 'RemediationRequest',
    resource_id: own.rr,
    namespace: 'remediation-load',
    severity,
    event_data: {
      run: own.run,
      client: own.client,
      event: own.number,
      from_phase: fromPhase,
      to_phase: toPhase,
      message,
      signal: { type: 'prometheus', name: 'KubePodCrashLooping', severity: 'critical' },
      target: { kind: 'Deployment', name: 'payment-api', namespace: 'production', replicas: 3 },
      workflow: { id: 'restart-with-backoff', version: '2.3.1', confidence: 0.92, parameters: { grace_seconds: 30 } },
    },
  })
  return json.split(anyOwn)
}

const templates = new Map<EventType, readonly string[]>()

/**
 * One event as the DataStorage API takes it, as JSON of 0.8 to 1 KiB: the size of a real one. `event_data` names the
 * run, client and number, which is how the read-back finds it again: the API makes the event's id itself.
 */
export function eventJson({ type, rr, client, number, runId, atEpochMs }: EventFacts): string {
  let template = templates.get(type)
  if (!template) {
    template = templateOf(type)
    templates.set(type, template)
  }
  const at = `"${new Date(atEpochMs).toISOString()}"`
  const rrJson = JSON.stringify(rr)
  const clientJson = client === rr ? rrJson : JSON.stringify(client)
  const values: Readonly<Record<string, string>> = {
    [own.at]: at,
    [own.rr]: rrJson,
    [own.run]: JSON.stringify(runId),
    [own.client]: clientJson,
    [own.number]: String(number),
  }
  let json = template[0] ?? ''
  for (let index = 1; index < template.length; index += 2) {
    json += (values[template[index] ?? ''] ?? '') + (template[index + 1] ?? '')
  }
  return json
}
