import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { Limits } from '../../harness/scenario.ts'
import type { ResourceReading, WatchdogKill } from '../../harness/stack.ts'
import { pinTo } from './affinity.ts'
import { field, nothing } from './counter-files.ts'
import { kill, readText } from './group-folder.ts'
import type { LimitedGroup, Limiter } from './limiter.ts'
import { WatchedProcess } from './process-tree.ts'
import { type Figures, figures, figuresBytes, type WatchdogData, type WatchdogMessage } from './watchdog-figures.ts'

/**
 * The last resort, which needs no rights: a user-space watchdog, not a kernel limit. A thread of this process looks at the
 * service's memory every few milliseconds and kills above the limit; the CPU is limited by pinning.
 *
 * A thread, not a process of its own: the kernel schedules it by itself, no work of the load generator's main thread
 * keeps it waiting (its longest pause is measured), it reads and shares figures without a message, and it cannot be left
 * behind. It dies only with this process, and with this process the service dies, too.
 */
export const watchdog: Limiter = {
  kind: 'watchdog',
  async unavailable() {
    return (await readText('/proc/self/status'))?.includes('RssAnon:') ? null : 'memory cannot be read in /proc'
  },
  create: (_name, limits) => createWatchdog(limits),
  // A thread and pinned processes leave nothing behind.
  list: async () => [],
  remove: async () => {},
}

async function createWatchdog(limits: Limits): Promise<LimitedGroup> {
  const pinning = await pinTo(limits.cpus)
  const shared = new SharedArrayBuffer(figuresBytes)
  const data: WatchdogData = { shared, limitBytes: limits.memoryLimitBytes }
  const worker = new Worker(new URL('./watchdog-worker.ts', import.meta.url), { workerData: data })
  const [ready] = (await once(worker, 'message')) as [WatchdogMessage & { kind: 'ready' }]
  const adopted: WatchedProcess[] = []
  const figure = figures(shared)
  let isClosed = false
  return {
    limits: {
      limiter: 'watchdog',
      memoryLimitBytes: ready.limitBytes,
      memoryAndSwapLimitBytes: ready.limitBytes, // what is in swap counts, too
      cpus: pinning.cpus,
      cpusBy: pinning.cpus === null ? 'nothing' : 'affinity',
      ...(pinning.whyNot === null ? {} : { cpusWhyNot: pinning.whyNot }),
    },
    counters: { read: () => (isClosed ? nothing : readingOf(figure)) },
    prefix: pinning.prefix,
    adopt(pid) {
      adopted.push(new WatchedProcess(pid))
      worker.postMessage(pid)
    },
    killedByWatchdog: killed(worker, figure, adopted),
    async [Symbol.asyncDispose]() {
      isClosed = true
      await worker.terminate()
      endAll(adopted)
      for (const process of adopted) process.close()
    },
  }
}

/** Without its watchdog a service has no limit at all: then it is killed, too, and the kill says why. */
function killed(worker: Worker, figure: Figures, adopted: readonly WatchedProcess[]): Promise<WatchdogKill> {
  return new Promise((resolve) => {
    worker.on('message', (message: WatchdogMessage) => {
      if (message.kind !== 'killed') return
      const { memoryBytes, atNs } = message
      resolve({ why: 'above the limit', memoryBytes, atNs, longestPauseMs: figure.longestPauseMs })
    })
    worker.on('error', () => {
      endAll(adopted)
      const { memoryBytes, longestPauseMs } = figure
      resolve({ why: 'the watchdog failed', memoryBytes, atNs: process.hrtime.bigint(), longestPauseMs })
    })
  })
}

/** With their sessions: a service's own processes are in it. An id that has passed on to another process is left alone. */
function endAll(adopted: readonly WatchedProcess[]): void {
  for (const process of adopted) {
    if (process.use() === null) continue
    kill(-process.pid)
    kill(process.pid)
  }
}

function readingOf(figure: Figures): ResourceReading {
  return {
    ...nothing,
    memoryBytes: figure.memoryBytes,
    memoryPeakBytes: figure.peakBytes,
    rssBytes: figure.anonymousBytes,
    // Of the whole machine: there is no group to count for. Flat means that the kernel has killed nobody.
    oomKills: field(readFileSync('/proc/vmstat', 'latin1'), 'oom_kill'),
    cpuUsageMs: figure.cpuMs,
    cpuWaitMs: Number.isNaN(figure.cpuWaitMs) ? null : figure.cpuWaitMs,
  }
}
