import type { EventType } from '../planned.ts'

/** One audit flow of an orchestrator, and how its events get to the service. */
export interface Flow {
  /** As the report names the test. */
  readonly name: string
  /** The events of each RR, in their order. */
  readonly events: readonly EventType[]
  /** How many RRs go through the same client at the same time. */
  readonly rrs?: number
  /** Events in a request at most, where the client's own number is not what is checked. */
  readonly batchEvents?: number
  /** The first attempt goes to where nothing listens: the client has to keep the events and send them again. */
  readonly isRefusedFirst?: true
}

const started = 'orchestrator.lifecycle.started'
const transition = 'orchestrator.phase.transition'
const completed = 'orchestrator.lifecycle.completed'
const failed = 'orchestrator.lifecycle.failed'
const requested = 'orchestrator.approval.requested'
const rejected = 'orchestrator.approval.rejected'
const manualReview = 'orchestrator.remediation.manual_review'

/** The audit tests that the report lists, by its names. */
export const flows: readonly Flow[] = [
  { name: 'lifecycle started', events: [started] },
  { name: 'lifecycle completed (success)', events: [started, completed] },
  { name: 'lifecycle completed (failure)', events: [started, failed] },
  { name: 'phase transition', events: [started, transition] },
  { name: 'approval requested', events: [started, requested] },
  { name: 'approval approved', events: [started, requested, 'orchestrator.approval.approved'] },
  { name: 'approval rejected', events: [started, requested, rejected] },
  { name: 'approval expired', events: [started, requested, 'orchestrator.approval.expired'] },
  { name: 'manual review', events: [started, requested, rejected, manualReview] },
  { name: 'rapid event emission (buffering)', events: [started, ...Array<EventType>(8).fill(transition), completed] },
  { name: 'batch processing', events: [started, ...Array<EventType>(4).fill(transition), completed], batchEvents: 2 },
  { name: 'DataStorage temporarily unavailable', events: [started, completed], isRefusedFirst: true },
  { name: 'AE-INT-3 lifecycle_completed', events: [started, transition, transition, completed] },
  { name: 'audit trace correlation_id consistency', events: [started, transition, completed], rrs: 3 },
  { name: 'AE-INT-4 lifecycle_failed', events: [started, transition, failed] },
]
