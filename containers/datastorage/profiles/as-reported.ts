import { z } from 'zod'
import type { IdentifiedEvent } from '../contract.ts'
import { type CpuBurner, startCpuBurner } from './cpu-burner.ts'
import { type HeldMemory, startMemoryHolder } from './held-memory.ts'
import { defineProfile } from './profile.ts'
import { createWriterQueue } from './writer-queue.ts'

const options = z.strictObject({
  /** CPU time that writing one event costs, all threads together, in milliseconds. */
  cpuMsPerEvent: z.number().min(0).default(108),
  /** Memory held for one event from its acceptance until it is committed or has failed. */
  holdBytesPerEvent: z
    .int()
    .min(0)
    .default(12 * 1024 * 1024),
  /** Write requests that may await their answer; further ones are reset. */
  maxAwaitingAnswer: z.int().min(1).default(80),
  /** Batches written at the same time, each on a thread and a database connection of its own. */
  writerThreads: z.int().min(1).max(16).default(2),
})

interface Job {
  events: IdentifiedEvent[]
  memory: Promise<HeldMemory>
}

/**
 * Slow writers, memory for each pending event, and a cap on waiting clients: with an impatient client that sends again,
 * a burst becomes a backlog that nobody waits for. Nothing here ends the process; whatever limit it is run under may.
 */
export const asReported = defineProfile({
  name: 'as-reported',
  description: 'Slow writers and memory held per pending event: a burst can turn into a retry storm.',
  options,
  async start({ cpuMsPerEvent, holdBytesPerEvent, maxAwaitingAnswer, writerThreads }, { repository }) {
    const holder = await startMemoryHolder(holdBytesPerEvent)
    const writers = await Promise.all(Array.from({ length: writerThreads }, startCpuBurner))
    const queue = createWriterQueue(writers, serve)

    async function serve(writer: CpuBurner, { events, memory }: Job): Promise<void> {
      let held: HeldMemory | undefined
      try {
        held = await memory
        // Holding memory is part of an event's price: machines differ much in what a page fault costs.
        const burnMs = Math.max(0, cpuMsPerEvent - held.cpuMs / events.length)
        await repository.insert(events, { beforeEach: () => writer.burn(burnMs) })
      } finally {
        held?.release()
      }
    }

    return {
      admit: (awaitingAnswer) => (awaitingAnswer < maxAwaitingAnswer ? 'accept' : 'reset'),
      // No time limit: what was reported only follows when the service works on what its client has given up long ago.
      // A limit would cut that backlog, and be another service.
      write(events) {
        const memory = holder.hold(events.length)
        // A job may wait long before a writer looks at its memory, and Node ends the process for an unheard rejection.
        memory.catch(() => {})
        return queue.add({ events, memory })
      },
      async close() {
        queue.close()
        await Promise.all([holder, ...writers].map((thread) => thread.stop()))
      },
    }
  },
})
