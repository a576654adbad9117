import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Limits } from '../../harness/scenario.ts'
import type { AppliedLimits } from '../../harness/stack.ts'
import { openCounters } from './cgroup-v2-counters.ts'
import {
  cpuPeriodUs,
  enterPrefix,
  readText,
  refuseAboveCeiling,
  refuseOtherThanAsked,
  removeGroupFolder,
  set,
  whyNotWritable,
} from './group-folder.ts'
import type { LimitedGroup, Limiter, SharedGroup } from './limiter.ts'

const controllers = ['memory', 'cpu'] as const

/**
 * Control groups version 2. As with version 1, a group is made at the root of the mount: `culprit clean` must find it
 * from any session.
 */
export const cgroupV2: Limiter = cgroupV2At(() => readText('/proc/self/mountinfo'))

/** As `cgroupV2`, for the mounts that this text of a /proc/PID/mountinfo names. */
export function cgroupV2At(readMountinfo: () => Promise<string | null>): Limiter {
  const mount = async () => findMount((await readMountinfo()) ?? '')
  return {
    kind: 'cgroup-v2',
    async unavailable() {
      const root = await mount()
      return root === null ? 'no hierarchy of version 2 is mounted' : whyNotUsable(root)
    },
    async create(name, limits) {
      return createGroup(join((await mount()) ?? '/sys/fs/cgroup', name), limits)
    },
    async createShared(name, limits) {
      return createSharedGroup(join((await mount()) ?? '/sys/fs/cgroup', name), limits)
    },
    async list() {
      const root = await mount()
      return root === null ? [] : readdir(root).catch(() => [])
    },
    async remove(name) {
      const root = await mount()
      if (root !== null) await removeGroupFolder(join(root, name))
    },
  }
}

/** Where version 2 is mounted, from the text of /proc/PID/mountinfo: see proc_pid_mountinfo(5). */
export function findMount(mountinfo: string): string | null {
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    if (after.startsWith('cgroup2 ')) return before.split(' ')[4] ?? null
  }
  return null
}

/** Beside a group's own controllers stands which of them it hands on to the groups inside it; we have it hand on ours. */
async function whyNotUsable(root: string): Promise<string | null> {
  const offered = words(await readText(join(root, 'cgroup.controllers')))
  const missing = controllers.filter((controller) => !offered.includes(controller))
  if (missing.length > 0) {
    return `${root} has no ${missing.join(' and no ')} controller (version 1 may have it, or it is not handed on to here)`
  }
  const reason = await whyNotWritable(root)
  if (reason) return reason
  const control = join(root, 'cgroup.subtree_control')
  const handedOn = words(await readText(control))
  if (controllers.every((controller) => handedOn.includes(controller))) return null
  return writeFile(control, controllers.map((controller) => `+${controller}`).join(' ')).then(
    () => null,
    (error: NodeJS.ErrnoException) => whyNotHandedOn(root, error),
  )
}

/** What the kernel's refusal to hand controllers on means. */
export function whyNotHandedOn(root: string, { code, message }: NodeJS.ErrnoException): string {
  // Only the machine's own root group is free of this rule: a container sees its own group as the root.
  if (code !== 'EBUSY') return `the kernel does not hand controllers on from ${root}: ${message}`
  return (
    `processes in ${root} itself keep the kernel from handing controllers on to groups in it: ` +
    'move them into a group of their own first'
  )
}

async function createGroup(folder: string, limits: Limits): Promise<LimitedGroup> {
  await using undo = new AsyncDisposableStack()
  await mkdir(folder)
  undo.defer(() => removeGroupFolder(folder))
  const applied = await limitGroup(folder, limits)
  refuseOtherThanAsked(applied, limits)
  const counters = openCounters(folder)
  undo.defer(() => counters.close())
  const owned = undo.move()
  return {
    limits: applied,
    counters,
    prefix: enterPrefix([folder]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function createSharedGroup(folder: string, limits: Limits): Promise<SharedGroup> {
  await using undo = new AsyncDisposableStack()
  await mkdir(folder)
  undo.defer(() => removeGroupFolder(folder))
  const applied = await limitSharedGroup(folder, limits)
  refuseOtherThanAsked(applied, { memoryLimitBytes: limits.memoryLimitBytes })
  const counters = openCounters(folder)
  undo.defer(() => counters.close())
  const owned = undo.move()
  return {
    limits: applied,
    counters,
    path: `/${basename(folder)}`,
    createPart: (name, cpus) => createPart(join(folder, name), applied, cpus),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function createPart(folder: string, shared: AppliedLimits, cpus?: number): Promise<LimitedGroup> {
  await using undo = new AsyncDisposableStack()
  await mkdir(folder)
  undo.defer(() => removeGroupFolder(folder))
  const applied = await limitPart(folder, shared, cpus)
  if (cpus !== undefined) refuseOtherThanAsked(applied, { cpus })
  const counters = openCounters(folder)
  undo.defer(() => counters.close())
  const owned = undo.move()
  return {
    limits: applied,
    counters,
    prefix: enterPrefix([folder]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Sets the limits of a group that exists, and reads them back. */
export async function limitGroup(folder: string, limits: Limits): Promise<AppliedLimits> {
  await limitMemory(folder, limits)
  // The kernel kills the whole group or nothing: a service that has lost one of its processes is in no state to measure.
  await setIfThere(join(folder, 'memory.oom.group'), 1)
  await limitCpu(folder, limits.cpus)
  return readBack(folder, 'cgroup-v2')
}

/** As `limitGroup`, for a group that exists and will hold parts in groups of their own. */
export async function limitSharedGroup(folder: string, limits: Limits): Promise<AppliedLimits> {
  await limitMemory(folder, limits)
  // One process dies, not all parts: so it was where the incident happened, and so the victim can be told.
  await setIfThere(join(folder, 'memory.oom.group'), 0)
  await set(join(folder, 'cgroup.subtree_control'), controllers.map((controller) => `+${controller}`).join(' '))
  return { ...(await readBack(folder, 'cgroup-v2')), cpus: null, cpusBy: undefined, memoryScope: 'stack' }
}

/** As `limitGroup`, for the group of a part inside a shared one. */
export async function limitPart(folder: string, shared: AppliedLimits, cpus?: number): Promise<AppliedLimits> {
  if (cpus === undefined) return shared
  await limitCpu(folder, cpus)
  return { ...shared, cpus: (await readBack(folder, 'cgroup-v2')).cpus, cpusBy: 'quota' }
}

async function limitMemory(folder: string, limits: Limits): Promise<void> {
  const ceiling = (await readText(join(dirname(folder), 'memory.max')))?.trim()
  refuseAboveCeiling(limits, ceiling && ceiling !== 'max' ? Number(ceiling) : Number.POSITIVE_INFINITY)
  await set(join(folder, 'memory.max'), limits.memoryLimitBytes)
  // No swap, so the memory limit is the one that strikes. A kernel without swap accounting has no such file.
  await setIfThere(join(folder, 'memory.swap.max'), 0)
}

async function limitCpu(folder: string, cpus: number): Promise<void> {
  await set(join(folder, 'cpu.max'), `${Math.round(cpus * cpuPeriodUs)} ${cpuPeriodUs}`)
}

async function setIfThere(path: string, value: number): Promise<void> {
  if ((await readText(path)) !== null) await set(path, value)
}

/** The limits of a version 2 group, as the kernel has them. */
export async function readBack(folder: string, limiter: AppliedLimits['limiter']): Promise<AppliedLimits> {
  const limitIn = async (file: string) => {
    const text = await readFile(join(folder, file), 'utf8').catch(() => 'max')
    return text.trim() === 'max' ? null : Number(text)
  }
  const memoryLimitBytes = await limitIn('memory.max')
  const swapLimitBytes = await limitIn('memory.swap.max')
  const [quotaUs, periodUs] = words(await readText(join(folder, 'cpu.max'))).map(Number)
  return {
    limiter,
    memoryLimitBytes,
    memoryAndSwapLimitBytes:
      memoryLimitBytes === null || swapLimitBytes === null ? null : memoryLimitBytes + swapLimitBytes,
    cpus: quotaUs && periodUs ? quotaUs / periodUs : null,
    cpusBy: 'quota',
  }
}

function words(text: string | null): string[] {
  return text?.split(/\s+/).filter(Boolean) ?? []
}
