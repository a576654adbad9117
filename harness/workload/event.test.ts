import { expect, test } from 'vitest'
import { eventJson } from './event.ts'

const types = [
  'orchestrator.lifecycle.started',
  'orchestrator.phase.transition',
  'orchestrator.lifecycle.completed',
  'orchestrator.lifecycle.failed',
  'orchestrator.approval.requested',
  'orchestrator.approval.approved',
  'orchestrator.approval.rejected',
  'orchestrator.approval.expired',
  'orchestrator.remediation.manual_review',
] as const
const runId = '2025-12-24T14-22-39-high-load-7f3a'
const rr = `rr-${runId}-0042`
const facts = { rr, client: rr, number: 2, runId, atEpochMs: Date.UTC(2025, 11, 24, 14, 22, 39, 250) }

test.each(types)('%s is as large as a real event: 0.8 to 1 KiB of JSON', (type) => {
  const bytes = Buffer.byteLength(eventJson({ type, ...facts }))
  expect(bytes).toBeGreaterThanOrEqual(0.8 * 1024)
  expect(bytes).toBeLessThanOrEqual(1024)
})

test('an event names its RR for queries, and run, client and number for the read-back', () => {
  expect(JSON.parse(eventJson({ type: 'orchestrator.lifecycle.failed', ...facts }))).toMatchObject({
    version: '1.0',
    event_type: 'orchestrator.lifecycle.failed',
    event_timestamp: '2025-12-24T14:22:39.250Z',
    event_category: 'orchestration',
    event_outcome: 'failure',
    correlation_id: rr,
    actor_type: 'service',
    actor_id: 'remediationorchestrator',
    resource_type: 'RemediationRequest',
    resource_id: rr,
    event_data: { run: runId, client: rr, event: 2 },
  })
})

test('names are written as JSON, whatever is in them', () => {
  const named = { rr: 'a "b"', client: '@rr', runId: 'ü\\' }
  expect(JSON.parse(eventJson({ ...facts, ...named, type: 'orchestrator.phase.transition' }))).toMatchObject({
    correlation_id: named.rr,
    event_data: { run: named.runId, client: named.client, event: 2 },
  })
})
