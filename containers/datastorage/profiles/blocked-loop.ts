import { z } from 'zod'
import { confess, later } from './fault.ts'
import { defineProfile } from './profile.ts'

const options = z.strictObject({
  afterMs: z.int().min(0),
  blockMs: z.int().min(1),
})

/** Something on the main thread takes long and never yields: no request is read, no answer is sent, no timer fires. */
export const blockedLoop = defineProfile({
  name: 'blocked-loop',
  description: 'A long computation on the main thread: the event loop stands still.',
  options,
  async start({ afterMs, blockMs }, { repository, log }) {
    const block = later(afterMs, () => {
      const untilMs = performance.now() + blockMs
      let sum = 0
      while (performance.now() < untilMs) for (let i = 0; i < 100_000; i++) sum += Math.sqrt(i)
      confess(log, 'blocked-loop', { blockMs, sum })
    })
    return {
      admit: () => 'accept',
      write: (events, limitMs, origin) => repository.insert(events, { limitMs, origin }),
      close: async () => block.stop(),
    }
  },
})
