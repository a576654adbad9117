import { z } from 'zod'
import { confess } from './fault.ts'
import { startMemoryHolder } from './held-memory.ts'
import { defineProfile } from './profile.ts'

const everyMs = 100

const options = z.strictObject({
  /** Memory that is taken each second, and never given back. */
  bytesPerSec: z
    .number()
    .min(1)
    .default(200 * 2 ** 10),
  /** After the start of the service. */
  afterMs: z.int().min(0).default(0),
})

/** A leak: memory grows whatever work is pending, until some limit ends it. */
export const memoryGrowth = defineProfile({
  name: 'memory-growth',
  description: 'Memory grows by itself: it is held for nothing, and for ever.',
  options,
  async start({ bytesPerSec, afterMs }, { repository, log }) {
    const stepBytes = Math.round((bytesPerSec * everyMs) / 1000)
    const holder = await startMemoryHolder(stepBytes)
    const startedMs = performance.now()
    let heldBytes = 0
    const timer = setInterval(() => {
      if (performance.now() - startedMs < afterMs) return
      holder.hold(1).then(
        () => {
          heldBytes += stepBytes
          confess(log, 'memory-growth', { heldBytes })
        },
        () => {},
      )
    }, everyMs)
    return {
      admit: () => 'accept',
      write: (events, limitMs, origin) => repository.insert(events, { limitMs, origin }),
      async close() {
        clearInterval(timer)
        await holder.stop()
      },
    }
  },
})
