/** The service's Prometheus metrics, in a registry of their own so that two services in one process do not clash. */
import type { Pool } from 'pg'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { AuditEvent } from './contract.ts'

const secondsBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

/** All metrics of the service. Pool figures are read from the pool when the page is asked for; none needs the database. */
export function createMetrics(pool: Pool) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string) => new Gauge({ name: `datastorage_${name}`, help, registers })
  const counter = (name: string, help: string) => new Counter({ name: `datastorage_${name}`, help, registers })
  const poolGauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `datastorage_pool_${name}`,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })

  poolGauge('waiting', 'Callers waiting for a connection of the pool.', () => pool.waitingCount)
  poolGauge('max', 'Connections the pool may open.', () => pool.options.max)
  new Gauge({
    name: 'datastorage_pool_connections',
    help: 'Open connections of the pool, by state.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'in_use' }, pool.totalCount - pool.idleCount)
      this.set({ state: 'idle' }, pool.idleCount)
    },
  })

  const auditTraces = new Counter({
    name: 'datastorage_audit_traces_total',
    help: 'Audit events by the service that sent them, and whether they were stored.',
    labelNames: ['service', 'status'],
    registers,
  })
  const auditLagSeconds = new Histogram({
    name: 'datastorage_audit_lag_seconds',
    help: "Time from an event's own timestamp to its commit.",
    labelNames: ['service'],
    buckets: secondsBuckets,
    registers,
  })
  const eventsWritten = counter('events_written_total', 'Events committed.')

  return {
    registry,
    /** Events were committed. */
    countStored(events: readonly AuditEvent[]): void {
      const nowMs = Date.now()
      const byService = new Map<string, number>()
      for (const { event_category: service, event_timestamp } of events) {
        byService.set(service, (byService.get(service) ?? 0) + 1)
        const lagMs = nowMs - Date.parse(event_timestamp)
        // A leap second is a time to PostgreSQL, and none to JavaScript.
        if (Number.isFinite(lagMs)) auditLagSeconds.observe({ service }, Math.max(0, lagMs) / 1000)
      }
      for (const [service, stored] of byService) auditTraces.inc({ service, status: 'success' }, stored)
      eventsWritten.inc(events.length)
    },
    /** Events were not stored. */
    countFailed(events: readonly AuditEvent[]): void {
      for (const { event_category: service } of events) auditTraces.inc({ service, status: 'failure' })
    },
    requestsInProgress: gauge(
      'requests_in_progress',
      'Accepted write requests not yet finished, also without a client.',
    ),
    requestsAwaitingAnswer: gauge(
      'requests_awaiting_answer',
      'Accepted write requests whose client is still connected.',
    ),
    requestsAbandoned: counter('requests_abandoned_total', 'Accepted requests whose client left before the answer.'),
    requestsReset: counter('requests_reset_total', 'Requests that were reset instead of answered.'),
    requestsRejected: counter('requests_rejected_total', 'Requests answered with 429: the backlog was full.'),
    requestsNotBegun: counter('requests_not_begun_total', 'Abandoned requests that left before their work began.'),
    requestsReplayed: counter('requests_replayed_total', 'Batches that were stored before, told by their key.'),
    eventsPending: gauge('events_pending', 'Events accepted, not yet committed or failed.'),
    writeDurationSeconds: new Histogram({
      name: 'datastorage_write_duration_seconds',
      help: 'Time of one write transaction, waiting for a connection included.',
      labelNames: ['table'],
      buckets: secondsBuckets,
      registers,
    }),
    validationFailures: new Counter({
      name: 'datastorage_validation_failures_total',
      help: 'Requests refused as malformed, by field and reason.',
      labelNames: ['field', 'reason'],
      registers,
    }),
    deadLetters: new Counter({
      name: 'datastorage_dead_letters_total',
      help: 'Events by what became of them: added to the queue or refused by it, retried in vain, stored, put aside.',
      labelNames: ['result'],
      registers,
    }),
    deadLettersWaiting: gauge('dead_letters_waiting', 'Length of the dead-letter queue when last looked at.'),
    selfAuditDropped: counter('self_audit_dropped_total', "The service's own audit events that were not stored."),
  }
}

/** The metrics that parts of the service write to. */
export type Metrics = ReturnType<typeof createMetrics>
