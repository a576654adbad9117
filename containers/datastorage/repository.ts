/** Reads and writes of the audit trail. */
import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import pg from 'pg'
import type { AuditEvent } from './contract.ts'
import type { EventQuery } from './event-query.ts'
import type { Metrics } from './metrics.ts'

/** An event that the database will never take, whatever the retries: the client's fault, not the service's. */
export class EventRejected extends Error {
  readonly index: number
  constructor(index: number, why: string, options: ErrorOptions) {
    super(`event ${index}: ${why}`, options)
    this.name = 'EventRejected'
    this.index = index
  }
}

/** Work to be done before each row of a batch goes in, while the transaction is open. */
export type BeforeEach = (event: AuditEvent, index: number) => Promise<void>

/** A page of events, newest first, and how many there are in all. */
export interface EventPage {
  events: Record<string, unknown>[]
  total: number
}

/** The only way to the table. */
export interface Repository {
  /**
   * Stores all events or none, row by row, a round trip each, on one connection throughout, as the real service does.
   * @returns the new events' ids, in the order given
   * @throws EventRejected for an event that cannot be stored; else the database's own error
   */
  insertBatch(events: AuditEvent[], beforeEach?: BeforeEach): Promise<string[]>
  find(query: EventQuery): Promise<EventPage>
  /** Rejects unless the database answers through the pool. */
  ping(): Promise<void>
}

// event_date is given although a trigger sets it: rows are routed to partitions before triggers run. A parent that
// does not exist gets this event's date, so that the foreign key refuses it instead of skipping a half-null key.
const insertSql = `
  INSERT INTO audit_events (
    event_id, event_version, event_timestamp, event_date, event_type, event_category, event_action, event_outcome,
    correlation_id, event_data, actor_type, actor_id, resource_type, resource_id,
    parent_event_id, parent_event_date, namespace, cluster_name, severity, duration_ms
  ) VALUES (
    $1, $2, $3::timestamptz, ($3::timestamptz AT TIME ZONE 'UTC')::date, $4, $5, $6, $7,
    $8, $9, $10, $11, $12, $13,
    $14::uuid, CASE WHEN $14::uuid IS NOT NULL THEN coalesce(
      (SELECT event_date FROM audit_events WHERE event_id = $14::uuid LIMIT 1),
      ($3::timestamptz AT TIME ZONE 'UTC')::date) END,
    $15, $16, $17, $18
  )`

const columns = `event_id, event_version AS version, event_timestamp, event_date::text, event_type, event_category,
  event_action, event_outcome, actor_type, actor_id, actor_ip, resource_type, resource_id, resource_name, correlation_id,
  parent_event_id, parent_event_date::text, trace_id, span_id, namespace, cluster_name, event_data, event_metadata,
  severity, duration_ms, error_code, error_message, retention_days, is_sensitive`

const filters = {
  event_type: 'event_type =',
  event_category: 'event_category =',
  event_outcome: 'event_outcome =',
  severity: 'severity =',
  correlation_id: 'correlation_id =',
  since: 'event_timestamp >=',
  until: 'event_timestamp <=',
} as const

/** Opens the repository on a pool whose database has been migrated. */
export function createRepository(pool: Pool, metrics: Metrics): Repository {
  async function insertBatch(events: AuditEvent[], beforeEach?: BeforeEach): Promise<string[]> {
    const stopTimer = metrics.writeDurationSeconds.startTimer({ table: 'audit_events' })
    try {
      const ids = await inTransaction(pool, async (client) => {
        const ids: string[] = []
        for (const [index, event] of events.entries()) {
          await beforeEach?.(event, index)
          ids.push(await insertEvent(client, event, index))
        }
        return ids
      })
      for (const { event_category: service, event_timestamp } of events) {
        metrics.auditTraces.inc({ service, status: 'success' })
        metrics.auditLagSeconds.observe({ service }, Math.max(0, Date.now() - Date.parse(event_timestamp)) / 1000)
      }
      metrics.eventsWritten.inc(events.length)
      return ids
    } catch (error) {
      for (const { event_category: service } of events) metrics.auditTraces.inc({ service, status: 'failure' })
      throw error
    } finally {
      stopTimer()
    }
  }

  async function find(query: EventQuery): Promise<EventPage> {
    const names = Object.keys(filters) as (keyof typeof filters)[]
    const used = names.filter((name) => query[name] !== undefined)
    const values = used.map((name) => query[name])
    const where = used.length > 0 ? `WHERE ${used.map((name, i) => `${filters[name]} $${i + 1}`).join(' AND ')}` : ''
    const counted = await pool.query<{ total: number }>(
      `SELECT count(*)::int AS total FROM audit_events ${where}`,
      values,
    )
    // event_id breaks ties, so that pages neither repeat nor skip events of the same moment.
    const page = await pool.query<Record<string, unknown>>(
      `SELECT ${columns} FROM audit_events ${where} ORDER BY event_timestamp DESC, event_id
       LIMIT $${values.length + 1} OFFSET $${values.length + 2}`,
      [...values, query.limit, query.offset],
    )
    return { events: page.rows, total: counted.rows[0]?.total ?? 0 }
  }

  return {
    insertBatch,
    find,
    async ping() {
      await pool.query('SELECT 1')
    },
  }
}

async function insertEvent(client: pg.PoolClient, event: AuditEvent, index: number): Promise<string> {
  const id = randomUUID()
  const values = [
    id,
    event.version,
    event.event_timestamp,
    event.event_type,
    event.event_category,
    event.event_action,
    event.event_outcome,
    event.correlation_id,
    JSON.stringify(event.event_data),
    event.actor_type,
    event.actor_id,
    event.resource_type,
    event.resource_id,
    event.parent_event_id,
    event.namespace,
    event.cluster_name,
    event.severity,
    event.duration_ms,
  ]
  try {
    // A named statement is parsed once per connection: each row then costs one round trip.
    await client.query({ name: 'insert-audit-event', text: insertSql, values })
    return id
  } catch (error) {
    const why = rejection(error, event)
    throw why ? new EventRejected(index, why, { cause: error }) : error
  }
}

function rejection(error: unknown, event: AuditEvent): string | undefined {
  if (!(error instanceof pg.DatabaseError)) return undefined
  if (error.code === '23503') return `parent_event_id ${event.parent_event_id} is not a stored event`
  if (error.code === '23514') return `event_timestamp ${event.event_timestamp} lies in no month that has a partition`
  // Class 22, data exception: for example a NUL character, which JSON can hold and PostgreSQL cannot.
  if (error.code?.startsWith('22')) return `the database cannot hold its data: ${error.message}`
  return undefined
}

async function inTransaction<T>(pool: Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let lost: Error | undefined
  // Between two queries nobody listens for a lost connection, and Node ends the process for an unheard 'error'.
  const onLost = (error: Error) => {
    lost = error
  }
  client.on('error', onLost)
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((failed: Error) => {
      lost ??= failed
    })
    throw error
  } finally {
    client.off('error', onLost)
    client.release(lost)
  }
}
