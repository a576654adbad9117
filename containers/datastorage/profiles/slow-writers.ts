import { z } from 'zod'
import type { IdentifiedEvent } from '../contract.ts'
import type { Origin } from '../origin.ts'
import { type CpuBurner, startCpuBurner } from './cpu-burner.ts'
import { confess } from './fault.ts'
import { defineProfile } from './profile.ts'
import { createWriterQueue } from './writer-queue.ts'

const options = z.strictObject({
  writers: z.int().min(1).max(16),
  /** CPU time that writing one event costs, in milliseconds. */
  cpuMsPerEvent: z.number().min(0).default(0),
  /** Time that one event takes in the database, in milliseconds. */
  databaseMsPerEvent: z.number().min(0).default(0),
  /** A batch that has waited longer is refused, and newer ones go first: a service that minds its clients' patience. 0: none of that. */
  deadlineMs: z.number().min(0).default(0),
})

interface Job {
  events: IdentifiedEvent[]
  origin: Origin | undefined
}

/** A few writers, each with its price per event: in CPU time, or in time that the database takes. */
export const slowWriters = defineProfile({
  name: 'slow-writers',
  description: 'A few slow writers; with a deadline, or working on what nobody waits for.',
  options,
  async start({ writers: count, cpuMsPerEvent, databaseMsPerEvent, deadlineMs }, { repository, metrics, log }) {
    const writers = await Promise.all(Array.from({ length: count }, startCpuBurner))
    const queue = createWriterQueue(writers, serve, deadlineMs)
    let written = 0

    async function serve(writer: CpuBurner, { events, origin }: Job): Promise<readonly string[]> {
      const ids = await repository.insert(events, {
        origin,
        async beforeEach(_event, _index, client) {
          if (cpuMsPerEvent > 0) await writer.burn(cpuMsPerEvent)
          if (databaseMsPerEvent > 0) await client.query('SELECT pg_sleep($1)', [databaseMsPerEvent / 1000])
        },
      })
      written += events.length
      confess(log, 'slow-writers', { written })
      return ids
    }
    return {
      admit: () => 'accept',
      write: (events, _limitMs, origin) =>
        queue.add({ events, origin }, { signal: origin?.abandoned, onLeave: () => metrics.requestsNotBegun.inc() }),
      async close() {
        queue.close()
        await Promise.all(writers.map((writer) => writer.stop()))
      },
    }
  },
})
