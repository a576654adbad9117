import { open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { confess } from './fault.ts'
import { defineProfile } from './profile.ts'

const chunkBytes = 8 * 2 ** 20

const options = z.strictObject({
  fileBytes: z.number().min(1),
  bytesPerSec: z.number().min(1),
  afterMs: z.int().min(0),
})

/**
 * Writes a file that is larger than the memory limit. Its pages stay in the page cache, which counts as memory of the
 * control group up to the limit; the kernel drops them as soon as anybody needs room, and kills nobody.
 */
export const pageCache = defineProfile({
  name: 'page-cache',
  description: 'Writes a large file: the page cache fills memory up to the limit, and harms nobody.',
  options,
  async start({ fileBytes, bytesPerSec, afterMs }, { repository, log }) {
    const stopping = new AbortController()
    const path = join(tmpdir(), `datastorage-spool-${process.pid}`)
    const file = await open(path, 'wx')
    // Its name goes at once: however the process ends, nothing is left behind.
    await rm(path)
    const chunk = Buffer.alloc(chunkBytes, 'audit ')

    async function write(): Promise<void> {
      await delay(afterMs, undefined, { signal: stopping.signal })
      let writtenBytes = 0
      while (writtenBytes < fileBytes) {
        await file.write(chunk)
        // On disk, so that the kernel can drop the pages without waiting for it.
        await file.datasync()
        writtenBytes += chunkBytes
        confess(log, 'page-cache', { writtenBytes })
        await delay((1000 * chunkBytes) / bytesPerSec, undefined, { signal: stopping.signal })
      }
    }
    const writing = write().catch((error: unknown) => {
      if (!stopping.signal.aborted) log.warn({ err: error }, 'the spool file could not be written')
    })
    return {
      admit: () => 'accept',
      write: (events, limitMs, origin) => repository.insert(events, { limitMs, origin }),
      async close() {
        stopping.abort()
        await writing
        await file.close()
      },
    }
  },
})
