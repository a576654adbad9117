import { z } from 'zod'
import { confess } from './fault.ts'
import { defineProfile } from './profile.ts'

const options = z.strictObject({
  /** Time that each write takes in the database, in milliseconds. */
  databaseMsPerWrite: z.number().min(0),
  /** The whole time that a write may take, waiting for a connection included. */
  limitMs: z.int().min(1),
})

/** Each write takes its time in the database, on a connection of the pool: how many go on at once, the pool decides. */
export const slowQueries = defineProfile({
  name: 'slow-queries',
  description: 'Each write takes its time in the database: the pool decides how many go on at once.',
  options,
  async start({ databaseMsPerWrite, limitMs }, { repository, log }) {
    let written = 0
    return {
      admit: () => 'accept',
      async write(events, _limitMs, origin) {
        const ids = await repository.insert(events, {
          limitMs,
          origin,
          async beforeEach(_event, index, client) {
            if (index === 0) await client.query('SELECT pg_sleep($1)', [databaseMsPerWrite / 1000])
          },
        })
        written += events.length
        confess(log, 'slow-queries', { written })
        return ids
      },
      close: async () => {},
    }
  },
})
