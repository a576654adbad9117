import pg from 'pg'
import type { Clock } from '../clock.ts'
import type { StoredLine } from '../sample.ts'

/** A run must end even when the database has hung itself up. A million events are read in a few seconds. */
const patience = { connectionTimeoutMillis: 5_000, query_timeout: 30_000 }

/**
 * Reads from PostgreSQL how often each event of a run is stored, by the id in its data, and writes a line per client. The
 * last line says that the reading was complete.
 *
 * @throws when the database does not answer: then the record has no such line, and storage counts as not read
 */
export async function readBack(options: {
  readonly postgresUrl: string
  readonly runId: string
  readonly clock: Clock
  readonly write: (line: StoredLine) => void
}): Promise<void> {
  const { clock, write } = options
  const client = new pg.Client({ connectionString: options.postgresUrl, application_name: 'culprit', ...patience })
  client.on('error', () => {}) // a connection lost in mid-query also fails the query, which says so
  await client.connect()
  try {
    const { rows } = await client.query<{ client: string; event: number; copies: number }>(
      `SELECT event_data->>'client' AS client, (event_data->>'event')::int AS event, count(*)::int AS copies
       FROM audit_events WHERE event_data->>'run' = $1 GROUP BY 1, 2 ORDER BY 1, 2`,
      [options.runId],
    )
    const copies = Map.groupBy(rows, (row) => row.client)
    for (const [name, events] of copies) {
      const counts = new Array<number>((events.at(-1)?.event ?? -1) + 1).fill(0)
      for (const { event, copies: count } of events) counts[event] = count
      write({ kind: 'stored', t: clock.now(), client: name, copies: counts })
    }
    const total = rows.reduce((sum, row) => sum + row.copies, 0)
    write({ kind: 'stored-end', t: clock.now(), rows: total })
  } finally {
    await client.end()
  }
}
