import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cgroupV2At, findMount, limitGroup, limitPart, limitSharedGroup, whyNotHandedOn } from './cgroup-v2.ts'
import { openCounters } from './cgroup-v2-counters.ts'

// Trees laid out like /sys/fs/cgroup. A kernel's refusals and its rounding cannot be had from plain files: those are
// tried by limits.stack.test.ts where there is a kernel for it.

const mib = 1 << 20
const limits = { memoryLimitBytes: 64 * mib, cpus: 0.5 }
let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'test-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

/** Writes files by their paths below the root. */
async function draw(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
}

const limiter = () =>
  cgroupV2At(async () => `30 23 0:26 / ${root} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n`)
const read = (path: string) => readFile(join(root, path), 'utf8')

test.each([
  ['30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate', '/sys/fs/cgroup'],
  ['38 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw', '/sys/fs/cgroup/unified'],
  ['35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory', null],
])('the mount in %s', (mountinfo, mount) => {
  expect(findMount(`23 1 254:0 / / rw - ext4 /dev/vda rw\n${mountinfo}`)).toBe(mount)
})

describe('cgroup v2 can be used', () => {
  test('where the root hands memory and cpu on already: nothing is written', async () => {
    await draw({
      'cgroup.controllers': 'cpuset cpu io memory hugetlb pids rdma misc\n',
      'cgroup.subtree_control': 'cpu memory pids\n',
    })
    expect(await limiter().unavailable()).toBeNull()
    expect(await read('cgroup.subtree_control')).toBe('cpu memory pids\n')
  })

  test('where it can be made to hand them on', async () => {
    await draw({ 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.subtree_control': 'pids\n' })
    expect(await limiter().unavailable()).toBeNull()
    expect(await read('cgroup.subtree_control')).toBe('+memory +cpu')
  })
})

describe('cgroup v2 cannot be used', () => {
  test('where version 1 has the controllers', async () => {
    await draw({ 'cgroup.controllers': 'hugetlb\n', 'cgroup.subtree_control': '\n' })
    expect(await limiter().unavailable()).toBe(
      `${root} has no memory and no cpu controller (version 1 may have it, or it is not handed on to here)`,
    )
  })

  test('where it is not mounted', async () => {
    expect(await cgroupV2At(async () => '').unavailable()).toBe('no hierarchy of version 2 is mounted')
  })

  test('where processes in the root of a container keep it from handing on', () => {
    const busy = Object.assign(new Error('EBUSY: resource busy'), { code: 'EBUSY' })
    expect(whyNotHandedOn('/sys/fs/cgroup', busy)).toContain('move them into a group of their own first')
    const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    expect(whyNotHandedOn('/sys/fs/cgroup', denied)).toContain('EACCES: permission denied')
  })
})

describe('limits of a group', () => {
  test('are set and read back', async () => {
    await draw({
      'memory.max': 'max\n',
      'g/memory.max': 'max\n',
      'g/memory.swap.max': 'max\n',
      'g/memory.oom.group': '0\n',
    })
    expect(await limitGroup(join(root, 'g'), limits)).toEqual({
      limiter: 'cgroup-v2',
      memoryLimitBytes: 64 * mib,
      memoryAndSwapLimitBytes: 64 * mib,
      cpus: 0.5,
      cpusBy: 'quota',
    })
    expect(await read('g/memory.max')).toBe('67108864')
    expect(await read('g/memory.swap.max')).toBe('0')
    expect(await read('g/memory.oom.group')).toBe('1')
    expect(await read('g/cpu.max')).toBe('50000 100000')
  })

  test('do without the files of a kernel that counts no swap', async () => {
    await draw({ 'g/memory.max': 'max\n' })
    expect(await limitGroup(join(root, 'g'), limits)).toMatchObject({ memoryAndSwapLimitBytes: null, cpus: 0.5 })
  })

  test('above those of the container around it are refused', async () => {
    await draw({ 'memory.max': String(32 * mib), 'g/memory.max': 'max\n' })
    await expect(limitGroup(join(root, 'g'), limits)).rejects.toThrow('is itself limited to 33554432')
  })
})

describe('one limit over several parts', () => {
  const shared = { memoryLimitBytes: 64 * mib, cpus: 0.5, memoryScope: 'stack' } as const

  test('is set on the group of all, which lets single processes be killed and hands its controllers on', async () => {
    await draw({
      'memory.max': 'max\n',
      'g/memory.max': 'max\n',
      'g/memory.swap.max': 'max\n',
      'g/memory.oom.group': '1\n',
      'g/cgroup.subtree_control': '\n',
    })
    expect(await limitSharedGroup(join(root, 'g'), shared)).toEqual({
      limiter: 'cgroup-v2',
      memoryLimitBytes: 64 * mib,
      memoryAndSwapLimitBytes: 64 * mib,
      cpus: null,
      memoryScope: 'stack',
    })
    expect(await read('g/memory.oom.group')).toBe('0')
    expect(await read('g/cgroup.subtree_control')).toBe('+memory +cpu')
  })

  test('leaves a part its own CPU quota, and no memory limit of its own', async () => {
    await draw({ 'g/memory.max': '67108864\n', 'g/part/memory.max': 'max\n', 'g/part/cpu.max': 'max 100000\n' })
    const all = { limiter: 'cgroup-v2', memoryLimitBytes: 64 * mib, memoryAndSwapLimitBytes: null, cpus: null } as const
    expect(await limitPart(join(root, 'g/part'), all)).toEqual(all)
    expect(await limitPart(join(root, 'g/part'), all, 0.5)).toEqual({ ...all, cpus: 0.5, cpusBy: 'quota' })
    expect(await read('g/part/memory.max')).toBe('max\n')
    expect(await read('g/part/cpu.max')).toBe('50000 100000')
  })
})

describe('counters', () => {
  const files = {
    'memory.max': '67108864\n',
    'memory.current': '1314816\n',
    'memory.peak': '67108864\n',
    'memory.stat': 'anon 204800\nfile 0\nkernel 1032192\nshmem 40960\n',
    'memory.events': 'low 0\nhigh 0\nmax 23\noom 1\noom_kill 1\noom_group_kill 1\n',
    'cpu.stat':
      'usage_usec 540000\nuser_usec 400000\nsystem_usec 140000\nnr_periods 11\nnr_throttled 9\nthrottled_usec 480500\nnr_bursts 0\nburst_usec 0\n',
  }

  test('are read in bytes and milliseconds', async () => {
    await draw(files)
    const counters = openCounters(root)
    expect(counters.read()).toEqual({
      memoryBytes: 1_314_816,
      memoryPeakBytes: 64 * mib,
      rssBytes: 204_800,
      shmemBytes: 40_960,
      oomKills: 1,
      cpuUsageMs: 540,
      periods: 11,
      throttledPeriods: 9,
      throttledMs: 480.5,
    })
    counters.close()
    expect(counters.read().memoryBytes).toBeNull()
  })

  test.each([
    ['ran into its limit: its peak is the limit', 'max 23\noom 1\noom_kill 1\n', 64 * mib],
    ['never did: its peak is not known', 'max 0\noom 0\noom_kill 0\n', null],
  ])('of a kernel without memory.peak, for a group that %s', async (_, events, peak) => {
    const { 'memory.peak': _peak, ...without } = files
    await draw({ ...without, 'memory.events': `low 0\nhigh 0\n${events}` })
    const counters = openCounters(root)
    expect(counters.read().memoryPeakBytes).toBe(peak)
    counters.close()
  })
})
