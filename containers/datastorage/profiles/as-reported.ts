import { z } from 'zod'
import type { IdentifiedEvent } from '../contract.ts'
import type { Origin } from '../origin.ts'
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
  origin: Origin | undefined
}

/**
 * Slow writers, memory for each pending event, and a cap on waiting clients: with an impatient client that sends again,
 * a burst becomes a backlog that nobody waits for. Nothing here ends the process; whatever limit it is run under may.
 *
 * The CPU time is each event's own: an insert in bulk saves the statements that it really saves, and none of that time.
 */
export const asReported = defineProfile({
  name: 'as-reported',
  description: 'Slow writers and memory held per pending event: a burst can turn into a retry storm.',
  options,
  async start({ cpuMsPerEvent, holdBytesPerEvent, maxAwaitingAnswer, writerThreads }, { repository, metrics }) {
    const holder = await startMemoryHolder(holdBytesPerEvent)
    const writers = await Promise.all(Array.from({ length: writerThreads }, startCpuBurner))
    const queue = createWriterQueue(writers, serve)

    async function serve(writer: CpuBurner, { events, memory, origin }: Job): Promise<readonly string[]> {
      let held: HeldMemory | undefined
      try {
        held = await memory
        // Holding memory is part of an event's price: machines differ much in what a page fault costs.
        const burnMs = Math.max(0, cpuMsPerEvent - held.cpuMs / events.length)
        return await repository.insert(events, { origin, beforeEach: () => writer.burn(burnMs) })
      } finally {
        held?.release()
      }
    }

    /** Its client has gone, and no writer has begun it: its memory is free again. */
    function giveUp({ memory }: Job): void {
      metrics.requestsNotBegun.inc()
      memory.then(
        (held) => held.release(),
        () => {},
      )
    }

    return {
      admit: (awaitingAnswer) => (awaitingAnswer < maxAwaitingAnswer ? 'accept' : 'reset'),
      // No time limit: what was reported only follows when the service works on what its client has given up long ago.
      // A limit would cut that backlog, and be another service.
      write(events, _limitMs, origin) {
        const memory = holder.hold(events.length)
        // A job may wait long before a writer looks at its memory, and Node ends the process for an unheard rejection.
        memory.catch(() => {})
        return queue.add({ events, memory, origin }, { signal: origin?.abandoned, onLeave: giveUp })
      },
      async close() {
        queue.close()
        await Promise.all([holder, ...writers].map((thread) => thread.stop()))
      },
    }
  },
})
