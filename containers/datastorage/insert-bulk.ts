/** A whole batch in one statement: an array for each column. */
import type { PoolClient } from 'pg'
import type { IdentifiedEvent } from './contract.ts'
import { insertValues } from './insert-row.ts'

// The statement of insert-row.ts, for many rows: see there.
const insertSql = `
  INSERT INTO audit_events (
    event_id, event_version, event_timestamp, event_date, event_type, event_category, event_action, event_outcome,
    correlation_id, event_data, actor_type, actor_id, resource_type, resource_id,
    parent_event_id, parent_event_date, namespace, cluster_name, severity, duration_ms
  )
  SELECT id, version, at, (at AT TIME ZONE 'UTC')::date, type, category, action, outcome,
    correlation, data, actor_type, actor_id, resource_type, resource_id,
    parent, CASE WHEN parent IS NOT NULL THEN coalesce(
      (SELECT event_date FROM audit_events WHERE event_id = parent LIMIT 1),
      (at AT TIME ZONE 'UTC')::date) END,
    namespace, cluster_name, severity, duration_ms
  FROM unnest(
    $1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::jsonb[], $10::text[], $11::text[], $12::text[], $13::text[], $14::uuid[], $15::text[], $16::text[],
    $17::text[], $18::integer[]
  ) AS batch (
    id, version, at, type, category, action, outcome, correlation, data,
    actor_type, actor_id, resource_type, resource_id, parent, namespace, cluster_name, severity, duration_ms
  )`

/** Inserts all events. An error of the database does not tell which event it is about. */
export async function insertBulk(client: PoolClient, events: readonly IdentifiedEvent[]): Promise<void> {
  const rows = events.map(insertValues)
  const columns = (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]))
  await client.query({ name: 'insert-audit-events', text: insertSql, values: columns })
}
