/** The connection pool, the schema, and the rights on it. */
import { join } from 'node:path'
import pg from 'pg'
import Postgrator from 'postgrator'
import type { Log } from './log.ts'

/** Partitions made ahead, in months after the current one. */
const monthsAhead = 3
// Any number will do, as long as every instance takes the same one.
const migrationLock = 7_340_033
/** A new partition locks the table against writers: waiting for that lock must not hold them up for long. */
const partitionLockMs = 2_000

/** The role that the service works as: it may read and insert, and nothing else. See migrations/003. */
export const applicationRole = 'datastorage_app'

/** How to open the pool. */
export interface PoolOptions {
  readonly databaseUrl: string
  readonly max: number
  readonly idle: number
  /** The server ends a statement by itself after this time: nobody waits for it any more. */
  readonly statementLimitMs: number
  /** Waiting for a connection ends after this time; 0: never by itself. */
  readonly acquireLimitMs?: number
}

/** A pool with the real service's limits: 5 min lifetime and 10 min idle time of a connection. Opens nothing yet. */
export function createPool(options: PoolOptions, log: Log): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    // Statements need not wait for the answer to the one before: see insertRows.
    pipeline: true,
    application_name: 'datastorage',
    max: options.max,
    min: options.idle,
    maxLifetimeSeconds: 300,
    idleTimeoutMillis: 600_000,
    statement_timeout: options.statementLimitMs,
    connectionTimeoutMillis: options.acquireLimitMs ?? 0,
    // The pool waits for it, and gives no connection out that has kept the owner's rights.
    onConnect: (client) => client.query(`SET ROLE ${applicationRole}`) as unknown as undefined,
  })
  // An idle connection that the database closes is not worth dying for: the pool drops it and opens another.
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'))
  return pool
}

/**
 * Brings the schema up to date and makes the partitions of the coming months, as the owner. Instances that start
 * together take turns. All or nothing: one transaction holds the lock and every change.
 */
export async function migrate(databaseUrl: string): Promise<void> {
  await asOwner(databaseUrl, async (client) => {
    await requireUtf8(client)
    await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    await new Postgrator({
      driver: 'pg',
      migrationPattern: join(import.meta.dirname, 'migrations', '*.sql'),
      schemaTable: 'datastorage_schema_version',
      execQuery: (query) => client.query(query),
    }).migrate()
    await client.query('SELECT grant_audit_rights()')
    await client.query('SELECT grant_idempotency_rights()')
    await client.query('SELECT create_audit_partitions($1)', [monthsAhead])
  })
}

/** Any other encoding lacks characters that an event may have: it would be refused, although it fits the contract. */
async function requireUtf8(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>(`SELECT current_setting('server_encoding') AS encoding`)
  const encoding = rows[0]?.encoding
  if (encoding === 'UTF8') return
  throw new Error(
    `it has the encoding ${encoding}: make it with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0`,
  )
}

/** Makes the partitions of the coming months while the service runs, and forgets idempotency keys of yesterday. */
export async function makePartitions(databaseUrl: string): Promise<void> {
  await asOwner(databaseUrl, async (client) => {
    await client.query(`SET LOCAL lock_timeout = ${partitionLockMs}`)
    await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    await client.query('SELECT create_audit_partitions($1)', [monthsAhead])
    await client.query('SELECT forget_idempotency_keys()')
  })
}

/** A transaction on a connection of its own, with the rights of the user in the URL. */
async function asOwner(databaseUrl: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'datastorage-owner' })
  // A connection that is lost fails the query that needs it; without a listener it would end the process as well.
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('BEGIN')
    await work(client)
    await client.query('COMMIT')
  } finally {
    // Closing the connection rolls back what was not committed, and frees the lock.
    await client.end().catch(() => {})
  }
}
