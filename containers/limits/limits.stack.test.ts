import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ownedByThisProcess } from '../embedded/owner.ts'
import { cgroupV1, listGroups } from './cgroup-v1.ts'
import { createLimitedGroup } from './index.ts'
import type { LimitedGroup } from './limiter.ts'

const reason = await cgroupV1.unavailable()
const mib = 1 << 20

async function run(group: LimitedGroup, ...command: string[]) {
  const [file, ...args] = [...group.prefix, ...command]
  return promisify(execFile)(file ?? '', args).then(
    ({ stdout }) => ({ code: 0, signal: null, stdout }),
    (error: { code: number | null; signal: NodeJS.Signals | null; stdout: string }) => error,
  )
}

describe.skipIf(reason !== null)('a control group of version 1', () => {
  test('has the limits that were asked for, memory rounded down to pages', async () => {
    await using group = await cgroupV1.create(ownedByThisProcess(), { memoryLimitBytes: 64 * mib + 1, cpus: 0.25 })
    expect(group.limits).toMatchObject({ limiter: 'cgroup-v1', memoryLimitBytes: 64 * mib, cpus: 0.25 })
    expect([64 * mib, null]).toContain(group.limits.memoryAndSwapLimitBytes)
  })

  test('holds the command itself: arguments, exit code and process id stay its own', async () => {
    await using group = await cgroupV1.create(ownedByThisProcess(), { memoryLimitBytes: 64 * mib, cpus: 1 })
    const { code, stdout } = await run(
      group,
      'sh',
      '-c',
      'cat /proc/$$/cgroup; echo "$@"; exit 9',
      'sh',
      'a b',
      '$HOME',
    )
    expect(code).toBe(9)
    expect(stdout).toMatch(/:memory:\/culprit-\d+-/)
    expect(stdout).toMatch(/:cpu(,cpuacct)?:\/culprit-\d+-/)
    expect(stdout).toContain('a b $HOME')
  })

  test('kills a process at the memory limit, and its counters say so afterwards', async () => {
    await using group = await cgroupV1.create(ownedByThisProcess(), { memoryLimitBytes: 128 * mib, cpus: 2 })
    // It ends by itself at four times the limit: without a limit, the test must fail and not take the machine down.
    const eat = 'const kept = []; while (kept.length < 512) kept.push(Buffer.alloc(1 << 20, 1))'
    const { signal } = await run(group, process.execPath, '-e', eat)
    expect(signal).toBe('SIGKILL')
    const reading = group.counters.read()
    expect(reading.oomKills).toBe(1)
    expect(reading.memoryPeakBytes).toBe(128 * mib)
    expect(reading.memoryBytes).toBeLessThan(16 * mib)
  })

  test('holds a process back at the CPU limit, and its counters say so', async () => {
    await using group = await cgroupV1.create(ownedByThisProcess(), { memoryLimitBytes: 128 * mib, cpus: 0.2 })
    const before = group.counters.read()
    expect(before).toMatchObject({ oomKills: 0, throttledPeriods: 0, throttledMs: 0 })
    await run(group, 'timeout', '0.5', 'sh', '-c', 'while :; do :; done')
    const after = group.counters.read()
    expect(after.throttledPeriods).toBeGreaterThan(0)
    expect(after.throttledPeriods).toBeLessThanOrEqual(after.periods ?? 0)
    expect(after.throttledMs).toBeGreaterThan(100)
    expect(after.cpuUsageMs).toBeGreaterThan(40)
    expect(after.cpuUsageMs).toBeLessThan(300)
  })

  test('is gone after disposal, with a process that stayed behind in it', async () => {
    const name = ownedByThisProcess()
    const group = await cgroupV1.create(name, { memoryLimitBytes: 64 * mib, cpus: 1 })
    const [file, ...args] = [...group.prefix, 'sh', '-c', 'echo inside; exec sleep 60']
    const child = spawn(file ?? '', args)
    const exited = once(child, 'exit')
    await once(child.stdout, 'data')
    await group[Symbol.asyncDispose]()
    expect(await exited).toEqual([null, 'SIGKILL'])
    expect(await listGroups()).not.toContain(name)
    expect(group.counters.read().memoryBytes).toBeNull()
  })

  test('that the kernel refuses is not left behind half-made', async () => {
    const name = ownedByThisProcess()
    const tooLittleCpu = cgroupV1.create(name, { memoryLimitBytes: 64 * mib, cpus: 0.001 })
    await expect(tooLittleCpu).rejects.toThrow(/kernel refused 100 for .*cpu\.cfs_quota_us/)
    expect(await listGroups()).not.toContain(name)
  })
})

test('without any way to limit, the error gives each reason and what to do', async () => {
  const unavailable = { ...cgroupV1, unavailable: async () => 'no memory controller is mounted' }
  const refused = createLimitedGroup(ownedByThisProcess(), { memoryLimitBytes: 64 * mib, cpus: 1 }, [unavailable])
  await expect(refused).rejects.toMatchObject({
    name: 'StackError',
    message: expect.stringContaining('cgroup-v1: no memory controller is mounted'),
    hint: expect.stringContaining('as root'),
  })
})
