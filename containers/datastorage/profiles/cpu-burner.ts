/** A thread that uses CPU time on request. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** One thread; one burn at a time. */
export interface CpuBurner {
  /**
   * Uses this much CPU time of the thread, in milliseconds, however long that takes on a clock. Rejects when the
   * thread is stopped meanwhile.
   */
  burn(cpuMs: number): Promise<void>
  stop(): Promise<void>
}

/** Starts a thread. An error inside it is nobody's to swallow: without a listener, Node ends the process with it. */
export async function startCpuBurner(): Promise<CpuBurner> {
  const worker = new Worker(new URL('./cpu-burner-worker.ts', import.meta.url))
  let burning: PromiseWithResolvers<void> | undefined
  worker.on('message', () => burning?.resolve())
  worker.on('exit', () => burning?.reject(new Error('the writer thread was stopped')))
  await once(worker, 'online')
  return {
    burn(cpuMs) {
      burning = Promise.withResolvers<void>()
      worker.postMessage(cpuMs)
      return burning.promise
    },
    async stop() {
      await worker.terminate()
    },
  }
}
