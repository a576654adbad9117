/** The thread of watchdog.ts. */
import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { kill } from './group-folder.ts'
import { Descendants, WatchedProcess } from './process-tree.ts'
import { figures, lookEveryMs, type WatchdogData, type WatchdogMessage } from './watchdog-figures.ts'

/** How often to look for new processes, and at the threads: both cost more than a look at the memory. */
const searchEveryLooks = 10

const { shared, limitBytes } = workerData as WatchdogData
const figure = figures(shared)
const descendants = new Descendants()
const watched = new Map<number, WatchedProcess>()
const spent = { cpuMs: 0, waitedMs: 0 }
const last = new Map<number, { cpuMs: number; waitedMs: number | null }>()
let looks = 0
let lookedAtMs = performance.now()

parentPort?.on('message', (pid: number) => {
  descendants.add(pid)
  watch(pid)
})
try {
  setPriority(constants.priority.PRIORITY_HIGH) // of this thread alone, on Linux
} catch {
  // Not root: the longest pause between two looks, which is measured, says whether it mattered.
}
setInterval(look, lookEveryMs)
const ready: WatchdogMessage = { kind: 'ready', limitBytes }
parentPort?.postMessage(ready)

function look(): void {
  const nowMs = performance.now()
  if (watched.size > 0) figure.longestPauseMs = Math.max(figure.longestPauseMs, nowMs - lookedAtMs)
  lookedAtMs = nowMs
  const isSearch = watched.size > 0 && looks++ % searchEveryLooks === 0
  if (isSearch) for (const pid of descendants.findNew()) watch(pid)

  let [memoryBytes, anonymousBytes] = [0, 0]
  for (const [pid, process] of watched) {
    const use = process.use()
    if (!use) {
      forget(pid, process)
      continue
    }
    memoryBytes += use.memoryBytes
    anonymousBytes += use.anonymousBytes
    const waitedMs = isSearch ? process.waitedMs() : (last.get(pid)?.waitedMs ?? null)
    last.set(pid, { cpuMs: use.cpuMs, waitedMs })
  }
  if (memoryBytes > limitBytes) strike(memoryBytes)
  publish(memoryBytes, anonymousBytes)
}

/** All of them, as a kernel does with a group: what one process leaves behind is in no state to go on. */
function strike(memoryBytes: number): void {
  for (const pid of watched.keys()) kill(pid)
  const message: WatchdogMessage = { kind: 'killed', memoryBytes, atNs: process.hrtime.bigint() }
  parentPort?.postMessage(message)
}

function publish(memoryBytes: number, anonymousBytes: number): void {
  figure.memoryBytes = memoryBytes
  figure.anonymousBytes = anonymousBytes
  figure.peakBytes = Math.max(figure.peakBytes, memoryBytes)
  figure.cpuMs = spent.cpuMs + sum('cpuMs')
  figure.cpuWaitMs = spent.waitedMs + sum('waitedMs')
}

function sum(of: 'cpuMs' | 'waitedMs'): number {
  let total = 0
  // NaN where the kernel does not count it: then the sum is not a number either, which reads as "not measured".
  for (const use of last.values()) total += use[of] ?? Number.NaN
  return total
}

function watch(pid: number): void {
  try {
    if (!watched.has(pid)) watched.set(pid, new WatchedProcess(pid))
  } catch {
    // It has ended already.
  }
}

/** Its CPU time stays in the sums: they never fall. */
function forget(pid: number, process: WatchedProcess): void {
  const use = last.get(pid)
  spent.cpuMs += use?.cpuMs ?? 0
  spent.waitedMs += use?.waitedMs ?? 0
  last.delete(pid)
  watched.delete(pid)
  process.close()
}
