import pg from 'pg'
import { z } from 'zod'
import { applicationRole } from '../database.ts'
import { confess } from './fault.ts'
import { defineProfile } from './profile.ts'

const options = z.strictObject({
  /** Rows that writes count in. Fewer rows, more deadlocks. */
  tallies: z.int().min(2),
  /** Time in the database between the first row and the second, in milliseconds. */
  databaseMsBetween: z.number().min(0),
  limitMs: z.int().min(1),
})

const tally = 'UPDATE audit_tallies SET events = events + 1 WHERE id = $1'

/**
 * Each write counts itself in two rows of a small table, in whatever order it comes to them: two that meet in opposite
 * orders wait for each other, until PostgreSQL breaks the deadlock by failing one of them (40P01).
 */
export const lockOrder = defineProfile({
  name: 'lock-order',
  description: 'Each write locks two rows of a small table, in no fixed order: deadlocks in PostgreSQL.',
  options,
  async start({ tallies, databaseMsBetween, limitMs }, { pool, repository, log }) {
    const client = await pool.connect()
    try {
      // The pool works as a role that may only read and insert; its user owns the schema.
      await client.query('RESET ROLE')
      await client.query(
        'CREATE TABLE IF NOT EXISTS audit_tallies (id int PRIMARY KEY, events bigint NOT NULL DEFAULT 0)',
      )
      await client.query('INSERT INTO audit_tallies SELECT generate_series(1, $1::int) ON CONFLICT DO NOTHING', [
        tallies,
      ])
      await client.query(`GRANT SELECT, UPDATE ON audit_tallies TO ${applicationRole}`)
    } finally {
      await client.query(`SET ROLE ${applicationRole}`)
      client.release()
    }
    let writes = 0
    let deadlocks = 0
    return {
      admit: () => 'accept',
      async write(events, _limitMs, origin) {
        const write = writes++
        const pair = Math.floor(write / 2) % (tallies - 1)
        // The next write takes the same two the other way round.
        const order = write % 2 === 0 ? [1 + pair, 2 + pair] : [2 + pair, 1 + pair]
        try {
          return await repository.insert(events, {
            limitMs,
            origin,
            async beforeEach(_event, index, connection) {
              if (index > 0) return
              await connection.query(tally, [order[0]])
              await connection.query('SELECT pg_sleep($1)', [databaseMsBetween / 1000])
              await connection.query(tally, [order[1]])
            },
          })
        } catch (error) {
          if (error instanceof pg.DatabaseError && error.code === '40P01')
            confess(log, 'lock-order', { deadlocks: ++deadlocks })
          throw error
        }
      },
      close: async () => {},
    }
  },
})
