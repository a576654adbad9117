/** A whole batch in one COPY: as text, a row costs the server half of what it costs to find in JSON. */
import pg, { type PoolClient } from 'pg'
import type { IdentifiedEvent } from './contract.ts'
import { copyRow, copyRows } from './copy.ts'
import { insertColumns, insertValues } from './insert-row.ts'
import { isAboutData } from './rejection.ts'

const copySql = `COPY audit_events (${insertColumns}, event_date, parent_event_date) FROM STDIN`

/** Inserts all events. An error of the database does not tell which event it is about. */
export async function insertBulk(client: PoolClient, events: readonly IdentifiedEvent[]): Promise<void> {
  const dayOfParent = await daysOfParents(client, events)
  let rows = ''
  for (const event of events) {
    const { event_timestamp, parent_event_id: parent } = event
    const day = likelyDay(event_timestamp)
    // A parent that does not exist gets this event's day, so that the foreign key refuses it instead of skipping a half-null key.
    const parentDay = parent == null ? null : (dayOfParent.get(parent.toLowerCase()) ?? day)
    const values = insertValues(event)
    values.push(day, parentDay)
    rows += copyRow(values)
  }
  await copyRows(client, copySql, rows)
}

/**
 * A timestamp's day in UTC, as far as JavaScript knows: it has no leap seconds, and does not round. A day that is wrong is
 * put right by a trigger; at the end of a month, see `isWorthRows`.
 */
function likelyDay(timestamp: string): string {
  const at = timestamp.endsWith('Z') ? Number.NaN : Date.parse(timestamp)
  return (Number.isNaN(at) ? timestamp : new Date(at).toISOString()).slice(0, 10)
}

/** Whether events that were refused together are to be tried one by one, where the database says which it is about. */
export function isWorthRows(error: unknown): boolean {
  // 0A000: the trigger that puts a day right may not move the row to another month's partition.
  return isAboutData(error) || (error instanceof pg.DatabaseError && error.code === '0A000')
}

/** By event_id. Only what the batch has for parents is looked for. */
async function daysOfParents(
  client: PoolClient,
  events: readonly IdentifiedEvent[],
): Promise<ReadonlyMap<string, string>> {
  const ids = events.flatMap(({ parent_event_id }) => parent_event_id ?? [])
  if (ids.length === 0) return new Map()
  const { rows } = await client.query<[string, string]>({
    text: 'SELECT event_id, event_date::text FROM audit_events WHERE event_id = ANY ($1::uuid[])',
    values: [ids],
    rowMode: 'array',
  })
  return new Map(rows)
}
