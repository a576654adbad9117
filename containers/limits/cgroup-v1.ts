import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Limits } from '../../harness/scenario.ts'
import type { AppliedLimits } from '../../harness/stack.ts'
import { type GroupFolders, openCounters } from './cgroup-v1-counters.ts'
import { type Mounts, readMounts } from './cgroup-v1-mounts.ts'
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
import type { LimitedGroup, Limiter } from './limiter.ts'

/**
 * Control groups version 1. A group is made at the root of each controller's mount, not under this process's own group:
 * `culprit clean` must find it from any session, and a session's own group could then not be removed while ours is in
 * it. In a container that root is the container's own group, so its limits still hold, and are checked.
 */
export const cgroupV1: Limiter = { kind: 'cgroup-v1', unavailable, create, list: listGroups, remove: removeGroup }

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
  await refuseAboveParent(folders, limits)
  await set(join(folders.memory, 'memory.limit_in_bytes'), limits.memoryLimitBytes)
  const hasSwapLimit = (await readText(join(folders.memory, 'memory.memsw.limit_in_bytes'))) !== null
  // Memory plus swap at the same value: no swap, so the memory limit is the one that strikes.
  if (hasSwapLimit) await set(join(folders.memory, 'memory.memsw.limit_in_bytes'), limits.memoryLimitBytes)
  await set(join(folders.cpu, 'cpu.cfs_period_us'), cpuPeriodUs)
  await set(join(folders.cpu, 'cpu.cfs_quota_us'), Math.round(limits.cpus * cpuPeriodUs))
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

/** Names of all groups of any owner at the places where `create` makes them. */
async function listGroups(): Promise<string[]> {
  const mounts = Object.values(await readMounts())
  const names = await Promise.all(mounts.map((mount) => readdir(mount).catch((): string[] => [])))
  return [...new Set(names.flat())]
}

async function removeGroup(name: string): Promise<void> {
  const folders = foldersOf((await readMounts()) as Mounts, name)
  for (const folder of new Set(Object.values(folders))) await removeGroupFolder(folder)
}

function foldersOf(mounts: Mounts, name: string): GroupFolders {
  return { memory: join(mounts.memory, name), cpu: join(mounts.cpu, name), cpuacct: join(mounts.cpuacct, name) }
}

async function refuseAboveParent(folders: GroupFolders, limits: Limits): Promise<void> {
  const stat = (await readText(join(folders.memory, 'memory.stat'))) ?? ''
  const ceilingBytes = Number(/^hierarchical_memory_limit (\d+)$/m.exec(stat)?.[1] ?? Number.POSITIVE_INFINITY)
  refuseAboveCeiling(limits, ceilingBytes)
}

async function readBack(folders: GroupFolders): Promise<AppliedLimits> {
  const numberIn = async (path: string) => {
    const text = await readText(path)
    return text === null ? null : Number(text)
  }
  const quotaUs = await numberIn(join(folders.cpu, 'cpu.cfs_quota_us'))
  const periodUs = await numberIn(join(folders.cpu, 'cpu.cfs_period_us'))
  return {
    limiter: 'cgroup-v1',
    memoryLimitBytes: await numberIn(join(folders.memory, 'memory.limit_in_bytes')),
    memoryAndSwapLimitBytes: await numberIn(join(folders.memory, 'memory.memsw.limit_in_bytes')),
    cpus: quotaUs === null || periodUs === null || quotaUs < 0 ? null : quotaUs / periodUs,
    cpusBy: 'quota',
  }
}
