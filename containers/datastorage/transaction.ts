/** Work on a connection of the pool that ends in time, and never leaves a connection behind that is not fit for use. */
import type { Pool, PoolClient } from 'pg'

/** The work took longer than it may. Whether the database has done it is not known. */
export class DatabaseTimeout extends Error {
  constructor(limitMs: number) {
    super(`the database did not finish in ${limitMs} ms`)
    this.name = 'DatabaseTimeout'
  }
}

/**
 * Runs work on a connection, waiting for one included, for at most `limitMs` (undefined: as long as it takes). After a
 * timeout the connection is closed: the answer to what it was asked would come to whoever has it next. The server
 * notices at the end of the statement that it is running, and rolls back.
 */
export async function onConnection<T>(
  pool: Pool,
  limitMs: number | undefined,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const timer = limitMs === undefined ? undefined : setTimeout(() => reject(new DatabaseTimeout(limitMs)), limitMs)
  // The work may well be done before anybody waits for the limit.
  tooLate.catch(() => {})
  try {
    const client = await connectionWithin(pool, tooLate)
    return await releasing(client, Promise.race([work(client), tooLate]))
  } finally {
    clearTimeout(timer)
  }
}

/** Runs work in a transaction of its own; see `onConnection` for the limit. */
export function inTransaction<T>(
  pool: Pool,
  limitMs: number | undefined,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  return onConnection(pool, limitMs, async (client) => {
    // What comes first in the work is sent right behind it.
    const begun = client.query('BEGIN')
    try {
      const [result] = await Promise.all([work(client), begun])
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch((failed: Error) => client.emit('error', failed))
      throw error
    }
  })
}

async function connectionWithin(pool: Pool, tooLate: Promise<never>): Promise<PoolClient> {
  const connecting = pool.connect()
  try {
    return await Promise.race([connecting, tooLate])
  } catch (error) {
    // The caller has given up, the pool has not: what it hands out later goes straight back.
    connecting.then(
      (client) => client.release(),
      () => {},
    )
    throw error
  }
}

async function releasing<T>(client: PoolClient, work: Promise<T>): Promise<T> {
  let unfit: Error | undefined
  // Between two queries nobody listens for a lost connection, and Node ends the process for an unheard 'error'.
  const onLost = (error: Error) => {
    unfit = error
  }
  client.on('error', onLost)
  try {
    return await work
  } catch (error) {
    if (error instanceof DatabaseTimeout) unfit = error
    throw error
  } finally {
    // Closing a connection in the middle of a query makes it say that it was lost.
    if (unfit) client.on('error', () => {})
    client.off('error', onLost)
    client.release(unfit)
  }
}
