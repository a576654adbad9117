import pg from 'pg'
import { messageOf } from '../errors.ts'
import { onBeat, type Probe } from './probe.ts'

const everyMs = 250

/** The service's sessions are all client sessions of its database but those of the harness. */
const query = `
  SELECT
    count(*) FILTER (WHERE a.state = 'active')::int AS "active",
    count(*) FILTER (WHERE a.state = 'idle')::int AS "idle",
    count(*) FILTER (WHERE a.state LIKE 'idle in transaction%')::int AS "idleInTransaction",
    count(*) FILTER (WHERE a.wait_event_type = 'Lock')::int AS "lockWaits",
    coalesce(max(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000), 0)::float8 AS "longestTransactionMs",
    coalesce((
      SELECT json_object_agg(w.wait_event_type, w.sessions) FROM (
        SELECT wait_event_type, count(*) AS sessions FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> 'culprit'
          AND wait_event_type IS NOT NULL GROUP BY 1 ORDER BY 1) w), '{}') AS "waits",
    (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database())::float8 AS "deadlocks",
    (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database())::float8 AS "commits",
    (SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database())::float8 AS "rollbacks",
    (SELECT tup_inserted FROM pg_stat_database WHERE datname = current_database())::float8 AS "rowsInserted"
  FROM pg_stat_activity a
  WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.application_name <> 'culprit'`

/** What PostgreSQL says of the service's sessions and of its database, over one connection of its own. */
export const postgresProbe: Probe = {
  name: 'postgres',
  start({ stack, clock, probe }) {
    const { postgres } = stack
    if (!postgres) return { stop() {} }
    let client: pg.Client | null = null
    let isStopped = false
    const connect = async () => {
      const fresh = new pg.Client({
        connectionString: postgres.connectionString,
        application_name: 'culprit',
        connectionTimeoutMillis: 2_000,
        query_timeout: 2_000,
      })
      fresh.on('error', () => {
        client = null // the database went away: the next reading connects anew, and says so if it cannot
      })
      await fresh.connect()
      return fresh
    }
    const read = async () => {
      try {
        client ??= await connect()
        const { rows } = await client.query(query)
        if (!isStopped) probe({ kind: 'postgres', t: clock.now(), ...rows[0] })
      } catch (error) {
        client?.end().catch(() => {})
        client = null
        const failed = { kind: 'probe-failed', t: clock.now(), probe: 'postgres', message: messageOf(error) } as const
        const { code } = error as { code?: unknown }
        if (!isStopped) probe({ ...failed, ...(typeof code === 'string' && { code }) })
      }
    }
    const beat = onBeat(everyMs, read)
    return {
      async stop() {
        isStopped = true
        // Ending first breaks off an open query: stopping must not wait for a database that has hung itself up.
        await client?.end().catch(() => {})
        await beat.stop()
      },
    }
  },
}
