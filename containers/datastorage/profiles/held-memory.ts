/** Memory that is really there while it is held, and really gone afterwards. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { HoldReply, HoldRequest } from './held-memory-worker.ts'

/** Memory that is resident until it is released. */
export interface HeldMemory {
  /** CPU time that holding memory took since the hold before this one, in milliseconds. */
  cpuMs: number
  release(): void
}

/** Holds memory for events, first come, first served. */
export interface MemoryHolder {
  /** Resolves once the memory of that many events is resident; rejects when there is none left to allocate. */
  hold(events: number): Promise<HeldMemory>
  stop(): Promise<void>
}

/**
 * Starts a thread that holds the memory: page faults on the main thread would keep requests waiting, and V8 collects
 * garbage each time some 50 MiB of buffers have been added, which in the thread's small heap costs little (on the main
 * thread it took 8 ms of CPU per 12 MiB event, measured).
 */
export async function startMemoryHolder(bytesPerEvent: number): Promise<MemoryHolder> {
  const worker = new Worker(new URL('./held-memory-worker.ts', import.meta.url))
  const waiting = new Map<number, PromiseWithResolvers<HeldMemory>>()
  let lastId = 0
  const ask = (request: HoldRequest) => worker.postMessage(request)

  worker.on('message', ({ id, cpuMs, error }: HoldReply) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (error) asked?.reject(new Error(`no memory to hold for a batch: ${error.message}`, { cause: error }))
    else asked?.resolve({ cpuMs, release: () => ask({ id, release: true }) })
  })
  worker.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the memory thread was stopped'))
  })
  await once(worker, 'online')
  return {
    hold(events) {
      const held = Promise.withResolvers<HeldMemory>()
      const id = ++lastId
      waiting.set(id, held)
      ask({ id, buffers: events, bytesEach: bytesPerEvent })
      return held.promise
    },
    async stop() {
      await worker.terminate()
    },
  }
}
