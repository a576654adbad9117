/** The connection pool and the schema. */
import { join } from 'node:path'
import pg from 'pg'
import Postgrator from 'postgrator'
import type { Log } from './log.ts'

/** Partitions made ahead at each start, in months after the current one. */
const monthsAhead = 3
// Any number will do, as long as every instance takes the same one.
const migrationLock = 7_340_033

/** A pool with the real service's limits: 5 min lifetime and 10 min idle time of a connection. Opens nothing yet. */
export function createPool(options: { databaseUrl: string; max: number; idle: number }, log: Log): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    application_name: 'datastorage',
    max: options.max,
    min: options.idle,
    maxLifetimeSeconds: 300,
    idleTimeoutMillis: 600_000,
  })
  // An idle connection that the database closes is not worth dying for: the pool drops it and opens another.
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'))
  return pool
}

/**
 * Brings the schema up to date and makes the partitions of the coming months. Instances that start together take turns.
 * All or nothing: one transaction holds the lock and every change.
 */
export async function migrate(pool: pg.Pool): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    await new Postgrator({
      driver: 'pg',
      migrationPattern: join(import.meta.dirname, 'migrations', '*.sql'),
      schemaTable: 'datastorage_schema_version',
      execQuery: (query) => client.query(query),
    }).migrate()
    await client.query('SELECT create_audit_partitions($1)', [monthsAhead])
    await client.query('COMMIT')
    client.release()
  } catch (error) {
    // Closing the connection rolls back, and frees the lock even when it is the connection that failed.
    client.release(true)
    throw error
  }
}
