import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { cpusIn, pinTo } from './affinity.ts'
import { createLimitedGroup } from './index.ts'
import type { LimitedGroup } from './limiter.ts'
import { WatchedProcess } from './process-tree.ts'
import { watchdog } from './watchdog.ts'

const mib = 1 << 20

/** Starts a program under the watchdog, as the service is started: in a session of its own. */
function start(group: LimitedGroup, program: string): ChildProcess {
  const [file = '', ...args] = [...group.prefix, process.execPath, '-e', program]
  const child = spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  group.adopt?.(child.pid as number)
  return child
}

// Neither program is endless: without its limit a test must fail, not take the machine down or leave something behind.
const wait = 'setTimeout(() => {}, 10_000)'
const eat = `const kept = []; while (kept.length < 768) kept.push(Buffer.alloc(1 << 20, 1)); ${wait}`

describe('the user-space watchdog', () => {
  test('kills above the limit, says so itself, and its figures stay', async () => {
    await using group = await watchdog.create('unused', { memoryLimitBytes: 256 * mib, cpus: 1 })
    expect(group.limits).toMatchObject({
      limiter: 'watchdog',
      memoryLimitBytes: 256 * mib,
      cpus: 1,
      cpusBy: 'affinity',
    })
    const child = start(group, eat)
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    const kill = await group.killedByWatchdog
    expect(kill).toMatchObject({ why: 'above the limit' })
    expect(kill?.memoryBytes).toBeGreaterThan(256 * mib)
    await expect.poll(() => group.counters.read().memoryBytes).toBe(0)
    const { memoryPeakBytes, cpuUsageMs, cpuWaitMs } = group.counters.read()
    // A dying process may take a little more until it is gone.
    expect(memoryPeakBytes).toBeGreaterThanOrEqual(kill?.memoryBytes ?? Number.POSITIVE_INFINITY)
    expect(cpuUsageMs).toBeGreaterThan(0)
    expect(cpuWaitMs).toBeGreaterThanOrEqual(0)
  })

  test('counts what a child takes, and kills it with its parent', async () => {
    await using group = await watchdog.create('unused', { memoryLimitBytes: 256 * mib, cpus: 1 })
    const spawnEater = `const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(eat)}])
      console.log(child.pid); ${wait}`
    const parent = start(group, spawnEater)
    const [line] = await once(parent.stdout as NodeJS.ReadableStream, 'data')
    expect(await once(parent, 'exit')).toEqual([null, 'SIGKILL'])
    await expect.poll(() => isRunning(Number(line))).toBe(false)
  })

  test('leaves alone what stays below the limit, and ends it when disposed of', async () => {
    const group = await watchdog.create('unused', { memoryLimitBytes: 512 * mib, cpus: 1 })
    const child = start(group, `console.log(1); ${wait}`)
    await once(child.stdout as NodeJS.ReadableStream, 'data')
    await expect.poll(() => group.counters.read().memoryBytes).toBeGreaterThan(0)
    expect(child.exitCode).toBeNull()
    const exited = once(child, 'exit')
    await group[Symbol.asyncDispose]()
    expect(await exited).toEqual([null, 'SIGKILL'])
    expect(group.counters.read().memoryBytes).toBeNull()
  })

  test('pins to one CPU: two busy threads wait for it as long as they run', async () => {
    await using group = await watchdog.create('unused', { memoryLimitBytes: 512 * mib, cpus: 1 })
    const spin = 'const until = Date.now() + 600; while (Date.now() < until);'
    const child = start(
      group,
      `console.log(require('node:fs').readFileSync('/proc/self/status', 'latin1')); new (require('node:worker_threads').Worker)(${JSON.stringify(spin)}, { eval: true }); ${spin}`,
    )
    const [status] = await once(child.stdout as NodeJS.ReadableStream, 'data')
    expect(cpusIn(String(status))).toHaveLength(1)
    await once(child, 'exit')
    expect(group.counters.read().cpuUsageMs).toBeGreaterThan(100)
    expect(group.counters.read().cpuWaitMs).toBeGreaterThan(100)
  })

  test('has no way to give a part of a CPU, and says so', async () => {
    const said: string[] = []
    const choice = { limiter: 'watchdog', onProgress: (message: string) => void said.push(message) } as const
    await using group = await createLimitedGroup('unused', { memoryLimitBytes: 256 * mib, cpus: 0.5 }, choice)
    expect(group.limits).toMatchObject({ cpus: null, cpusBy: 'nothing' })
    expect(said.join()).toContain('the limit of 0.5 CPUs is NOT in force: without a control group only whole CPUs')
  })
})

test('more CPUs than there are cannot be pinned to', async () => {
  expect(await pinTo(4096)).toMatchObject({ cpus: null, whyNot: expect.stringContaining('may run on') })
})

test('reads a list of CPUs', () => {
  expect(cpusIn('Cpus_allowed:\t2f\nCpus_allowed_list:\t0-3,5\nMems_allowed_list:\t0\n')).toEqual([0, 1, 2, 3, 5])
})

/** A zombie that nobody has asked for yet does not count. */
function isRunning(pid: number): boolean {
  try {
    return new WatchedProcess(pid).use() !== null
  } catch {
    return false
  }
}
