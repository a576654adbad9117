/** The thread of cpu-burner.ts: takes a number of milliseconds, answers when it has used that much CPU time. */
import { parentPort } from 'node:worker_threads'
import { threadCpuMs } from './thread-cpu.ts'

parentPort?.on('message', (cpuMs: number) => {
  const until = threadCpuMs() + cpuMs
  while (threadCpuMs() < until) {
    // Asking for the time is the work.
  }
  parentPort?.postMessage('done')
})
