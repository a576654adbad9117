/** One event, one statement: what the real service does. */
import type { PoolClient } from 'pg'
import type { IdentifiedEvent } from './contract.ts'
import { rejectionOf } from './rejection.ts'

/** The table's columns, in the order of `insertValues`. */
export const insertColumns = `event_id, event_version, event_timestamp, event_type, event_category, event_action,
  event_outcome, correlation_id, event_data, actor_type, actor_id, resource_type, resource_id, parent_event_id,
  namespace, cluster_name, severity, duration_ms`
// event_date is given although a trigger sets it: rows are routed to partitions before triggers run.
const insertSql = (parentDate: string) => `
  INSERT INTO audit_events (${insertColumns}, event_date, parent_event_date) VALUES (
    $1, $2, $3::timestamptz, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::uuid, $15, $16, $17, $18,
    ($3::timestamptz AT TIME ZONE 'UTC')::date, ${parentDate}
  )`
// A parent that does not exist gets this event's date, so that the foreign key refuses it instead of skipping a half-null key.
const dateOfParent = `coalesce(
  (SELECT event_date FROM audit_events WHERE event_id = $14::uuid LIMIT 1), ($3::timestamptz AT TIME ZONE 'UTC')::date)`
// A named statement is parsed once per connection: each row is then one message. Most events have no parent, and are
// spared the look into every partition for it.
const named = (name: string, text: string) => ({
  plain: { name, text },
  guarded: { name: `${name}-once`, text: `${text} ON CONFLICT (event_id, event_date) DO NOTHING` },
})
const orphan = named('insert-audit-event', insertSql('NULL'))
const child = named('insert-audit-event-child', insertSql(dateOfParent))

/** An event's values, in the order of `insertColumns`. */
export function insertValues(event: IdentifiedEvent): (string | number | null | undefined)[] {
  return [
    event.event_id,
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
}

/**
 * Inserts one event.
 * @param options.index its place in its batch, for the error
 * @param options.once leave it at that if it is there already, from an attempt whose outcome nobody learned
 * @throws EventRejected for an event that cannot be stored; else the database's own error
 */
export async function insertRow(
  client: PoolClient,
  event: IdentifiedEvent,
  { index = 0, once = false }: { index?: number; once?: boolean } = {},
): Promise<void> {
  try {
    const { plain, guarded } = event.parent_event_id == null ? orphan : child
    await client.query({ ...(once ? guarded : plain), values: insertValues(event) })
  } catch (error) {
    throw rejectionOf(error, event, index) ?? error
  }
}
