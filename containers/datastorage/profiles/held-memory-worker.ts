/** The thread of held-memory.ts. */
import { setImmediate } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { threadCpuMs } from './thread-cpu.ts'

const pageBytes = 4096

/** Hold so many buffers under this id, or release what is held under it. */
export type HoldRequest = { id: number; buffers: number; bytesEach: number } | { id: number; release: true }

/** The buffers are resident. `cpuMs`: what this thread used since its last reply, releases and garbage included. */
export interface HoldReply {
  id: number
  cpuMs: number
  error?: Error
}

const held = new Map<number, ArrayBuffer[]>()
let last: Promise<void> = Promise.resolve()
let chargedMs = threadCpuMs()

parentPort?.on('message', (request: HoldRequest) => {
  if ('release' in request) release(request.id)
  else last = last.then(() => hold(request.id, request.buffers, request.bytesEach))
})

async function hold(id: number, count: number, bytesEach: number): Promise<void> {
  const buffers: ArrayBuffer[] = []
  let failure: Error | undefined
  try {
    while (buffers.length < count) {
      buffers.push(resident(bytesEach))
      // Lets releases in, which would else wait behind every hold that was asked for before them.
      await setImmediate()
    }
    held.set(id, buffers)
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
    giveBack(buffers)
  }
  const nowMs = threadCpuMs()
  const reply: HoldReply = { id, cpuMs: nowMs - chargedMs, error: failure }
  chargedMs = nowMs
  parentPort?.postMessage(reply)
}

function release(id: number): void {
  giveBack(held.get(id) ?? [])
  held.delete(id)
}

// A resizable buffer is mapped by V8 itself, and unmapped as soon as it is given up. A plain one comes from glibc's
// malloc, which after the first free of a large block serves the next ones from a heap that it cannot shrink while a
// later block lives (mallopt(3), M_MMAP_THRESHOLD): measured with 12 MiB blocks, nothing of 59 freed ones went back.
function resident(bytes: number): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes, { maxByteLength: bytes })
  const view = new Uint8Array(buffer)
  for (let at = 0; at < view.length; at += pageBytes) view[at] = 1
  return buffer
}

function giveBack(buffers: ArrayBuffer[]): void {
  for (const buffer of buffers) buffer.transferToFixedLength(0)
}
