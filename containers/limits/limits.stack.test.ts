import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ownedByThisProcess } from '../../harness/owner.ts'
import { cgroupV1 } from './cgroup-v1.ts'
import { createLimitedGroup, limiters } from './index.ts'
import type { LimitedGroup, Limiter } from './limiter.ts'

const mib = 1 << 20

/** Every way by which a kernel limits, and why it cannot be tried here. */
const kernelLimiters = await Promise.all(
  limiters
    .filter(({ kind }) => kind !== 'watchdog')
    .map(async (limiter) => ({ limiter, kind: limiter.kind, reason: await limiter.unavailable() })),
)
const usable = kernelLimiters.filter(({ reason }) => reason === null)

async function run(group: LimitedGroup, ...command: string[]) {
  const [file, ...args] = [...group.prefix, ...command]
  return promisify(execFile)(file ?? '', args).then(
    ({ stdout }) => ({ code: 0, signal: null, stdout }),
    (error: { code: number | null; signal: NodeJS.Signals | null; stdout: string }) => error,
  )
}

for (const { kind, reason } of kernelLimiters)
  test.skipIf(reason !== null)(`${kind} can be tried here: ${reason ?? 'yes'}`, () => {})

describe.each(usable)('a group made by $kind', ({ limiter, kind }: { limiter: Limiter; kind: string }) => {
  test('has the limits that were asked for, memory rounded down to pages', async () => {
    await using group = await limiter.create(ownedByThisProcess(), { memoryLimitBytes: 64 * mib + 1, cpus: 0.25 })
    expect(group.limits).toMatchObject({ limiter: kind, memoryLimitBytes: 64 * mib, cpus: 0.25 })
    expect([64 * mib, null]).toContain(group.limits.memoryAndSwapLimitBytes)
  })

  test('holds the command itself: arguments, exit code and process id stay its own', async () => {
    await using group = await limiter.create(ownedByThisProcess(), { memoryLimitBytes: 64 * mib, cpus: 1 })
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
    expect(stdout).toMatch(kind === 'cgroup-v1' ? /:memory:\/culprit-\d+-/ : /^0::.*\/culprit[-_]\d+[-_]/m)
    if (kind === 'cgroup-v1') expect(stdout).toMatch(/:cpu(,cpuacct)?:\/culprit-\d+-/)
    expect(stdout).toContain('a b $HOME')
  })

  test('kills a process at the memory limit, and its counters say so afterwards', async () => {
    await using group = await limiter.create(ownedByThisProcess(), { memoryLimitBytes: 128 * mib, cpus: 2 })
    // It ends by itself at four times the limit: without a limit, the test must fail and not take the machine down.
    const eat = 'const kept = []; while (kept.length < 512) kept.push(Buffer.alloc(1 << 20, 1))'
    const { signal } = await run(group, process.execPath, '-e', eat)
    expect(signal).toBe('SIGKILL')
    const reading = group.counters.read()
    // A process that is killed with its whole group (memory.oom.group) is counted twice: seen on Linux 6.1.
    expect(reading.oomKills).toBe(kind === 'cgroup-v2' ? 2 : 1)
    expect(reading.memoryPeakBytes).toBe(128 * mib)
    expect(reading.memoryBytes).toBeLessThan(16 * mib)
  })

  test('holds a process back at the CPU limit, and its counters say so', async () => {
    await using group = await limiter.create(ownedByThisProcess(), { memoryLimitBytes: 128 * mib, cpus: 0.2 })
    const before = group.counters.read()
    expect(before).toMatchObject({ oomKills: 0, throttledPeriods: 0, throttledMs: 0 })
    const startedMs = performance.now()
    await run(group, 'timeout', '0.5', 'sh', '-c', 'while :; do :; done')
    const tookMs = performance.now() - startedMs
    const after = group.counters.read()
    expect(after.throttledPeriods).toBeGreaterThan(0)
    expect(after.throttledPeriods).toBeLessThanOrEqual(after.periods ?? 0)
    expect(after.throttledMs).toBeGreaterThan(100)
    expect(after.cpuUsageMs).toBeGreaterThan(40)
    // A fifth of the time, and as much again for what the end of a period lets through.
    expect(after.cpuUsageMs).toBeLessThan(0.4 * tookMs)
  })

  test('is gone after disposal, with a process that stayed behind in it', async () => {
    const name = ownedByThisProcess()
    const group = await limiter.create(name, { memoryLimitBytes: 64 * mib, cpus: 1 })
    const [file, ...args] = [...group.prefix, 'sh', '-c', 'echo inside; exec sleep 60']
    const child = spawn(file ?? '', args)
    const exited = once(child, 'exit')
    await once(child.stdout, 'data')
    await group[Symbol.asyncDispose]()
    expect(await exited).toEqual([null, 'SIGKILL'])
    expect(await limiter.list()).not.toContain(name)
    expect(group.counters.read().memoryBytes).toBeNull()
  })

  // systemd stretches the period instead of asking the kernel for less than it gives.
  test.skipIf(kind === 'systemd')('that the kernel refuses is not left behind half-made', async () => {
    const name = ownedByThisProcess()
    const tooLittleCpu = limiter.create(name, { memoryLimitBytes: 64 * mib, cpus: 0.001 })
    await expect(tooLittleCpu).rejects.toMatchObject({ name: 'StackError' })
    expect(await limiter.list()).not.toContain(name)
  })
})

test('without any way to limit, the error gives each reason and what to do', async () => {
  const unavailable = { ...cgroupV1, unavailable: async () => 'no memory controller is mounted' }
  const refused = createLimitedGroup(
    ownedByThisProcess(),
    { memoryLimitBytes: 64 * mib, cpus: 1 },
    { candidates: [unavailable] },
  )
  await expect(refused).rejects.toMatchObject({
    name: 'StackError',
    message: expect.stringContaining('cgroup-v1: no memory controller is mounted'),
    hint: expect.stringContaining('as root'),
  })
})

describe('the choice of a way to limit', () => {
  const unable = { ...cgroupV1, unavailable: async () => 'no memory controller is mounted' }
  const able = { ...unable, kind: 'watchdog', unavailable: async () => null } as Limiter
  const made = Symbol('made')
  const limits = { memoryLimitBytes: 64 * mib, cpus: 1 }
  const watchdogs = { ...able, create: async () => ({ made, limits: {} }) as unknown as LimitedGroup }

  test('by itself takes the first that works; a fall to the watchdog is said, with the reasons', async () => {
    const said: string[] = []
    const onProgress = (message: string) => void said.push(message)
    const group = await createLimitedGroup('x', limits, { candidates: [unable, watchdogs], onProgress })
    expect(group).toHaveProperty('made')
    expect(said).toEqual([
      'memory is limited by a user-space watchdog, not a kernel limit (cgroup-v1: no memory controller is mounted)',
    ])
  })

  test('by name takes no other, and says why it cannot', async () => {
    const refused = createLimitedGroup('x', limits, { candidates: [unable, watchdogs], limiter: 'cgroup-v1' })
    await expect(refused).rejects.toMatchObject({
      message: expect.stringContaining('cgroup-v1 cannot limit'),
      hint: expect.stringContaining('--limiter'),
    })
  })
})
