import { access, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Limits } from '../../harness/scenario.ts'
import type { AppliedLimits } from '../../harness/stack.ts'
import { type GroupFolders, openCounters, openMemoryCounters, openMemoryCountersOfAll } from './cgroup-v1-counters.ts'
import { type Mounts, readAllMounts, readMounts } from './cgroup-v1-mounts.ts'
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

/**
 * Control groups version 1. A group is made at the root of each controller's mount, not under this process's own group:
 * `culprit clean` must find it from any session, and a session's own group could then not be removed while ours is in
 * it. In a container that root is the container's own group, so its limits still hold, and are checked.
 */
export const cgroupV1: Limiter = {
  kind: 'cgroup-v1',
  unavailable,
  create,
  createShared,
  list: listGroups,
  remove: removeGroup,
}

async function unavailable(): Promise<string | null> {
  const mounts = await readMounts()
  const missing = (['memory', 'cpu', 'cpuacct'] as const).filter((controller) => !mounts[controller])
  if (missing.length > 0) return `no ${missing.join(' and ')} controller is mounted`
  for (const mount of new Set(Object.values(mounts))) {
    const reason = await whyNotWritable(mount)
    if (reason) return reason
  }
  return null
}

async function create(name: string, limits: Limits): Promise<LimitedGroup> {
  const folders = foldersOf((await readMounts()) as Mounts, name)
  const distinct = [...new Set(Object.values(folders))]
  await using undo = new AsyncDisposableStack()
  undo.defer(() => removeGroup(name))
  for (const folder of distinct) await mkdir(folder)
  await limitMemory(folders.memory, limits)
  await limitCpu(folders.cpu, limits.cpus)
  const applied = await readBack(folders)
  refuseOtherThanAsked(applied, limits)
  const counters = openCounters(folders)
  undo.defer(() => counters.close())
  const owned = undo.move()
  return {
    limits: applied,
    counters,
    prefix: enterPrefix(distinct),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function createShared(name: string, limits: Limits): Promise<SharedGroup> {
  const mounts = (await readMounts()) as Mounts
  const folder = join(mounts.memory, name)
  await using undo = new AsyncDisposableStack()
  undo.defer(() => removeGroup(name))
  await mkdir(folder)
  // Before Linux 5.11 a group counts what is inside it only if told so while nothing is inside it yet.
  const hierarchy = join(folder, 'memory.use_hierarchy')
  if ((await readText(hierarchy))?.trim() === '0') await set(hierarchy, 1)
  await limitMemory(folder, limits)
  const applied: AppliedLimits = { ...(await readBackMemory(folder)), cpus: null, memoryScope: 'stack' }
  refuseOtherThanAsked(applied, { memoryLimitBytes: limits.memoryLimitBytes })
  const counters = openMemoryCountersOfAll(folder)
  undo.defer(() => counters.close())
  const owned = undo.move()
  return {
    limits: applied,
    counters,
    path: `/${name}`,
    createPart: (part, cpus) => createPart(mounts, join(name, part), applied, cpus),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A group inside a shared one: only a part with a CPU quota needs groups under the CPU controllers. */
async function createPart(mounts: Mounts, name: string, shared: AppliedLimits, cpus?: number): Promise<LimitedGroup> {
  const folders = foldersOf(mounts, name)
  const distinct = cpus === undefined ? [folders.memory] : [...new Set(Object.values(folders))]
  await using undo = new AsyncDisposableStack()
  undo.defer(() => removeGroup(name))
  for (const folder of distinct) await mkdir(folder, { recursive: true })
  if (cpus !== undefined) await limitCpu(folders.cpu, cpus)
  const applied =
    cpus === undefined ? shared : { ...shared, cpus: await readBackCpus(folders.cpu), cpusBy: 'quota' as const }
  if (cpus !== undefined) refuseOtherThanAsked(applied, { cpus })
  const counters = cpus === undefined ? openMemoryCounters(folders.memory) : openCounters(folders)
  undo.defer(() => counters.close())
  const owned = undo.move()
  return {
    limits: applied,
    counters,
    prefix: enterPrefix(distinct),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function limitMemory(folder: string, limits: Limits): Promise<void> {
  await refuseAboveParent(folder, limits)
  await set(join(folder, 'memory.limit_in_bytes'), limits.memoryLimitBytes)
  const hasSwapLimit = (await readText(join(folder, 'memory.memsw.limit_in_bytes'))) !== null
  // Memory plus swap at the same value: no swap, so the memory limit is the one that strikes.
  if (hasSwapLimit) await set(join(folder, 'memory.memsw.limit_in_bytes'), limits.memoryLimitBytes)
}

async function limitCpu(folder: string, cpus: number): Promise<void> {
  await set(join(folder, 'cpu.cfs_period_us'), cpuPeriodUs)
  await set(join(folder, 'cpu.cfs_quota_us'), Math.round(cpus * cpuPeriodUs))
}

/** Names of all groups of any owner at the places where `create` makes them. */
async function listGroups(): Promise<string[]> {
  const mounts = Object.values(await readMounts())
  const names = await Promise.all(mounts.map((mount) => readdir(mount).catch((): string[] => [])))
  return [...new Set(names.flat())]
}

/** Under every controller: a container engine that was given a shared group as parent has made it in all of them. */
async function removeGroup(name: string): Promise<void> {
  for (const mount of await readAllMounts()) {
    const folder = join(mount, name)
    const isThere = await access(folder).then(
      () => true,
      () => false,
    )
    if (isThere) await removeGroupFolder(folder)
  }
}

function foldersOf(mounts: Mounts, name: string): GroupFolders {
  return { memory: join(mounts.memory, name), cpu: join(mounts.cpu, name), cpuacct: join(mounts.cpuacct, name) }
}

async function refuseAboveParent(folder: string, limits: Limits): Promise<void> {
  const stat = (await readText(join(folder, 'memory.stat'))) ?? ''
  const ceilingBytes = Number(/^hierarchical_memory_limit (\d+)$/m.exec(stat)?.[1] ?? Number.POSITIVE_INFINITY)
  refuseAboveCeiling(limits, ceilingBytes)
}

/** The limits of a version 1 group, as the kernel has them. */
export async function readBack(folders: GroupFolders): Promise<AppliedLimits> {
  return { ...(await readBackMemory(folders.memory)), cpus: await readBackCpus(folders.cpu), cpusBy: 'quota' }
}

async function readBackMemory(folder: string) {
  return {
    limiter: 'cgroup-v1',
    memoryLimitBytes: await numberIn(join(folder, 'memory.limit_in_bytes')),
    memoryAndSwapLimitBytes: await numberIn(join(folder, 'memory.memsw.limit_in_bytes')),
  } as const
}

async function readBackCpus(folder: string): Promise<number | null> {
  const quotaUs = await numberIn(join(folder, 'cpu.cfs_quota_us'))
  const periodUs = await numberIn(join(folder, 'cpu.cfs_period_us'))
  return quotaUs === null || periodUs === null || quotaUs < 0 ? null : quotaUs / periodUs
}

async function numberIn(path: string): Promise<number | null> {
  const text = await readText(path)
  return text === null ? null : Number(text)
}
