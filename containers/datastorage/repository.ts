/** Reads and writes of the audit trail. */
import type { Pool, PoolClient } from 'pg'
import type { IdentifiedEvent } from './contract.ts'
import type { EventQuery } from './event-query.ts'
import { insertBulk, isWorthRows } from './insert-bulk.ts'
import { insertRow } from './insert-row.ts'
import type { Metrics } from './metrics.ts'
import { Abandoned, claimKey, type Origin } from './origin.ts'
import { Problem } from './problem.ts'
import { isAboutData } from './rejection.ts'
import { inTransaction, onConnection } from './transaction.ts'

/** How to insert. */
export interface InsertOptions {
  /** The whole time it may take; undefined: as long as it takes. */
  limitMs?: number | undefined
  /** Work that each event costs, done while the transaction is open: before its row, or before the statement for all. */
  beforeEach?: (event: IdentifiedEvent, index: number, client: PoolClient) => Promise<void>
  /** Skip what is stored already: for events that may have been stored by an earlier attempt. */
  once?: boolean
  /** Whom it is for. What the service does for itself has none. */
  origin?: Origin | undefined
}

/** A page of events, newest first, and how many there are in all. */
export interface EventPage {
  events: Record<string, unknown>[]
  total: number
}

/** The only way to the table. */
export interface Repository {
  /**
   * Stores all events or none, on one connection throughout. Resolves with the ids under which they are stored, which are
   * those of an earlier request where its idempotency key says that it was the same.
   * @throws EventRejected for an event that cannot be stored, Abandoned when nobody waited before it began; else the
   * database's own error, or DatabaseTimeout
   */
  insert(events: readonly IdentifiedEvent[], options?: InsertOptions): Promise<readonly string[]>
  find(query: EventQuery, limitMs: number): Promise<EventPage>
  /** Rejects unless the database answers through the pool in time. */
  ping(limitMs: number): Promise<void>
}

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

/**
 * Opens the repository on a pool whose database has been migrated.
 * @param mode `row`: a statement for each event, as the real service does; `bulk`: one statement for a batch
 */
export function createRepository(pool: Pool, metrics: Metrics, mode: 'row' | 'bulk'): Repository {
  /** In one transaction: the key, what the events cost, the events. Resolves with an earlier request's ids, if any. */
  async function insertAll(events: readonly IdentifiedEvent[], options: InsertOptions): Promise<Earlier> {
    const { limitMs, origin, beforeEach, once } = options
    const store = (insert: (client: PoolClient) => Promise<void>) =>
      inTransaction(pool, limitMs, async (client): Promise<Earlier> => {
        origin?.abandoned.throwIfAborted()
        const earlier = origin?.idempotency && (await claimKey(client, origin.idempotency, idsOf(events)))
        if (!earlier) await insert(client)
        return earlier
      })
    if (mode === 'row' || events.length === 1 || once) return store((client) => insertRows(client, events, options))
    try {
      return await store(async (client) => {
        for (const [index, event] of events.entries()) await beforeEach?.(event, index, client)
        await insertBulk(client, events)
      })
    } catch (error) {
      if (!isWorthRows(error)) throw error
      // Their own work has been done.
      return store((client) => insertRows(client, events, { once }))
    }
  }

  return {
    async insert(events, options = {}) {
      const stopTimer = metrics.writeDurationSeconds.startTimer({ table: 'audit_events' })
      try {
        const earlier = await insertAll(events, options)
        if (earlier) metrics.requestsReplayed.inc()
        else metrics.countStored(events)
        return earlier ?? idsOf(events)
      } catch (error) {
        if (error instanceof Abandoned) metrics.requestsNotBegun.inc()
        else metrics.countFailed(events)
        throw error
      } finally {
        stopTimer()
      }
    },
    find: (query, limitMs) => onConnection(pool, limitMs, (client) => findPage(client, query)),
    ping: (limitMs) => onConnection(pool, limitMs, async (client) => void (await client.query('SELECT 1'))),
  }
}

type Earlier = readonly string[] | undefined

function idsOf(events: readonly IdentifiedEvent[]): string[] {
  return events.map((event) => event.event_id)
}

async function insertRows(
  client: PoolClient,
  events: readonly IdentifiedEvent[],
  { beforeEach, once }: InsertOptions,
): Promise<void> {
  if (beforeEach) {
    for (const [index, event] of events.entries()) {
      await beforeEach(event, index, client)
      await insertRow(client, event, { index, once })
    }
    return
  }
  // Sent one behind the other. After the first that is refused the database refuses the rest, whatever is in them.
  const inserted = await Promise.allSettled(events.map((event, index) => insertRow(client, event, { index, once })))
  const refused = inserted.find((one) => one.status === 'rejected')
  if (refused) throw refused.reason
}

async function findPage(client: PoolClient, query: EventQuery): Promise<EventPage> {
  const names = Object.keys(filters) as (keyof typeof filters)[]
  const used = names.filter((name) => query[name] !== undefined)
  const values = used.map((name) => query[name])
  const where = used.length > 0 ? `WHERE ${used.map((name, i) => `${filters[name]} $${i + 1}`).join(' AND ')}` : ''
  try {
    const counted = await client.query<{ total: number }>(
      `SELECT count(*)::int AS total FROM audit_events ${where}`,
      values,
    )
    // event_id breaks ties, so that pages neither repeat nor skip events of the same moment.
    const page = await client.query<Record<string, unknown>>(
      `SELECT ${columns} FROM audit_events ${where} ORDER BY event_timestamp DESC, event_id
       LIMIT $${values.length + 1} OFFSET $${values.length + 2}`,
      [...values, query.limit, query.offset],
    )
    return { events: page.rows, total: counted.rows[0]?.total ?? 0 }
  } catch (error) {
    if (isAboutData(error)) throw new Problem(400, `the database cannot look for that: ${error.message}`)
    throw error
  }
}
