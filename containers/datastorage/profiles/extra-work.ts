import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { IdentifiedEvent } from '../contract.ts'
import { confess } from './fault.ts'
import { defineProfile } from './profile.ts'
import { threadCpuMs } from './thread-cpu.ts'

const options = z.strictObject({
  /** CPU time of the main thread that each event costs besides, in milliseconds. */
  cpuMsPerEvent: z.number().min(0).default(0),
  /** Memory that is resident from the start on, besides. */
  holdBytes: z.int().min(0).default(0),
})

/** The healthy service, and somewhat more for each event: what a careless change costs, in any amount. */
export const extraWork = defineProfile({
  name: 'extra-work',
  description: 'Writes straight away, with CPU time per event and memory besides: a service that got a little worse.',
  options,
  async start({ cpuMsPerEvent, holdBytes }, { repository, log }) {
    // Filled, for memory that nobody has written to is not there.
    let held: Buffer | null = Buffer.alloc(holdBytes, 'audit ')
    confess(log, 'extra-work', { cpuMsPerEvent, heldBytes: held.length })
    return {
      admit: () => 'accept',
      write(events, limitMs, origin) {
        if (cpuMsPerEvent > 0) for (const event of events) hashFor(cpuMsPerEvent, event)
        return repository.insert(events, { limitMs, origin })
      },
      async close() {
        held = null
      },
    }
  },
})

/** Hashes the event for as long as that takes in CPU time, however long that is on a clock. */
function hashFor(cpuMs: number, event: IdentifiedEvent): void {
  const until = threadCpuMs() + cpuMs
  const text = JSON.stringify(event)
  while (threadCpuMs() < until) createHash('sha256').update(text).digest()
}
