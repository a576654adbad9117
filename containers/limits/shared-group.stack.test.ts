import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ownedByThisProcess } from '../../harness/owner.ts'
import { readAllMounts } from './cgroup-v1-mounts.ts'
import { createSharedGroup, limiters } from './index.ts'
import type { LimitedGroup, Limiter, SharedGroup } from './limiter.ts'

const mib = 1 << 20

const able = await Promise.all(
  limiters
    .filter((limiter) => limiter.createShared)
    .map(async (limiter) => ({ limiter, kind: limiter.kind, reason: await limiter.unavailable() })),
)
for (const { kind, reason } of able)
  test.skipIf(reason !== null)(`${kind} can hold several parts here: ${reason ?? 'yes'}`, () => {})

/** A process in a part's group that takes so much memory, says so, and holds it until it is killed, a minute at most. */
async function eater(group: LimitedGroup, bytes: number) {
  const program = `const kept = []; const take = () => {
    for (let i = 0; i < 4 && kept.length < ${bytes / mib}; i++) kept.push(Buffer.alloc(${mib}, 1))
    if (kept.length < ${bytes / mib}) setImmediate(take); else console.log('full') }
  take(); setTimeout(() => {}, 60_000)`
  const [file, ...args] = [...group.prefix, process.execPath, '-e', program]
  const child = spawn(file ?? '', args)
  const exited = once(child, 'exit').then(([, signal]) => signal as string | null)
  return { child, exited, full: Promise.race([once(child.stdout, 'data').then(() => 'full'), exited]) }
}

describe.each(able.filter(({ reason }) => reason === null))(
  'one limit over several parts by $kind',
  ({ limiter, kind }: { limiter: Limiter; kind: string }) => {
    const limits = { memoryLimitBytes: 256 * mib, cpus: 0.5, memoryScope: 'stack' } as const
    const make = async (name = ownedByThisProcess()) => {
      const all = (await limiter.createShared?.(name, limits)) as SharedGroup
      return { all, one: await all.createPart('one', 0.5), other: await all.createPart('other'), name }
    }

    test('is read back, and is the only one for a part without CPUs of its own', async () => {
      const { all, one, other } = await make()
      await using _ = all
      expect(all.limits).toMatchObject({ limiter: kind, memoryLimitBytes: 256 * mib, cpus: null, memoryScope: 'stack' })
      expect(one.limits).toMatchObject({
        memoryLimitBytes: 256 * mib,
        cpus: 0.5,
        cpusBy: 'quota',
        memoryScope: 'stack',
      })
      expect(other.limits).toEqual(all.limits)
    })

    test('kills the process that reaches it, and the victim’s own counter says so, alone', async () => {
      const { all, one, other } = await make()
      await using _ = all
      const { exited } = await eater(one, 1024 * mib)
      expect(await exited).toBe('SIGKILL')
      expect(one.counters.read().oomKills).toBe(1)
      expect(other.counters.read().oomKills).toBe(0)
      expect(all.counters.read().memoryPeakBytes).toBe(256 * mib)
      // Version 1 counts in the victim's own group alone, version 2 in all groups around it too.
      expect(all.counters.read().oomKills).toBe(kind === 'cgroup-v1' ? null : 1)
    })

    test('takes the largest process, not the one that grew, and each part’s memory is counted apart', async () => {
      // A victim’s memory comes back some time after its death. Where the grower needs more until then, the kernel may take it
      // too: rarely, and never alone. That tells nothing, so it is tried again; a limiter that always takes both fails.
      for (let left = 3; ; left--) {
        const { all, one, other } = await make()
        await using _ = all
        const large = await eater(other, 150 * mib)
        expect(await large.full).toBe('full')
        expect(other.counters.read().rssBytes).toBeGreaterThan(150 * mib)
        expect(all.counters.read().rssBytes).toBeGreaterThan(150 * mib)
        const growing = await eater(one, 110 * mib)
        const grown = await growing.full
        // Whatever became of the grower, the largest was taken.
        expect(other.counters.read().oomKills).toBe(1)
        expect(await large.exited).toBe('SIGKILL')
        if (grown === 'SIGKILL' && left > 1) continue
        expect(grown).toBe('full')
        expect(one.counters.read()).toMatchObject({ oomKills: 0, shmemBytes: 0 })
        expect(one.counters.read().rssBytes).toBeGreaterThan(110 * mib)
        return
      }
    })

    test('does without parts of ours: its path is a place for groups of others, and they go with it', async () => {
      const name = ownedByThisProcess()
      const all = (await limiter.createShared?.(name, limits)) as SharedGroup
      expect(all.path).toBe(`/${name}`)
      const mounts = kind === 'cgroup-v1' ? await readAllMounts() : []
      for (const mount of mounts) await mkdir(join(mount, name, 'a container'), { recursive: true })
      await all[Symbol.asyncDispose]()
      for (const mount of mounts) expect(await readdir(mount)).not.toContain(name)
      expect(await limiter.list()).not.toContain(name)
    })

    test('is gone after disposal, with what stayed behind in its parts', async () => {
      const { all, one, name } = await make()
      const { full, exited } = await eater(one, 4 * mib)
      await full
      await all[Symbol.asyncDispose]()
      expect(await exited).toBe('SIGKILL')
      expect(await limiter.list()).not.toContain(name)
    })
  },
)

test('without a control group that could hold several parts, the error says why, and what to do', async () => {
  const candidates = limiters.filter((limiter) => limiter.createShared === undefined)
  const limits = { memoryLimitBytes: 256 * mib, cpus: 1, memoryScope: 'stack' } as const
  await expect(createSharedGroup(ownedByThisProcess(), limits, { candidates })).rejects.toMatchObject({
    name: 'StackError',
    message: expect.stringContaining('watchdog: limits one part alone'),
    hint: expect.stringContaining('--memory-scope'),
  })
})
