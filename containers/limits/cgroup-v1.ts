import { access, constants, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StackError } from '../../harness/errors.ts'
import type { Limits } from '../../harness/scenario.ts'
import type { AppliedLimits } from '../../harness/stack.ts'
import { type GroupFolders, openCounters } from './cgroup-v1-counters.ts'
import { type Mounts, readMounts } from './cgroup-v1-mounts.ts'
import type { LimitedGroup, Limiter } from './limiter.ts'

/** The kernel's own default (Documentation/scheduler/sched-bwc.rst): what container engines use too. */
const cpuPeriodUs = 100_000
const pageBytes = 4096

/**
 * Control groups version 1. A group is made at the root of each controller's mount, not under this process's own group:
 * `culprit clean` must find it from any session, and a session's own group could then not be removed while ours is in
 * it. In a container that root is the container's own group, so its limits still hold, and are checked.
 */
export const cgroupV1: Limiter = { kind: 'cgroup-v1', unavailable, create }

async function unavailable(): Promise<string | null> {
  const mounts = await readMounts()
  const missing = (['memory', 'cpu', 'cpuacct'] as const).filter((controller) => !mounts[controller])
  if (missing.length > 0) return `no ${missing.join(' and ')} controller is mounted`
  for (const mount of new Set(Object.values(mounts))) {
    try {
      await access(mount, constants.W_OK)
    } catch {
      const who = process.getuid?.() === 0 ? 'root' : `user id ${process.getuid?.()}, which is not root,`
      return `${who} cannot write to ${mount}`
    }
  }
  return null
}

async function create(name: string, limits: Limits): Promise<LimitedGroup> {
  const folders = foldersOf((await readMounts()) as Mounts, name)
  await using undo = new AsyncDisposableStack()
  undo.defer(() => removeGroup(name))
  for (const folder of new Set(Object.values(folders))) await mkdir(folder)
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
    prefix: [
      'sh',
      '-c',
      enterAndExec,
      String(new Set(Object.values(folders)).size),
      ...new Set(Object.values(folders)),
    ],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** $0 is the number of groups to enter; the groups and then the command follow. */
const enterAndExec =
  'n=$0; while [ "$n" -gt 0 ]; do echo $$ > "$1/cgroup.procs" || exit 126; shift; n=$((n - 1)); done; exec "$@"'

/** Names of all groups of any owner at the places where `create` makes them. */
export async function listGroups(): Promise<string[]> {
  const mounts = Object.values(await readMounts())
  const names = await Promise.all(mounts.map((mount) => readdir(mount).catch((): string[] => [])))
  return [...new Set(names.flat())]
}

/** Kills, by process id, what is left in a group, waits until it is empty and removes it. A group that is gone already is fine. */
export async function removeGroup(name: string): Promise<void> {
  const folders = new Set(Object.values(foldersOf((await readMounts()) as Mounts, name)))
  const deadline = Date.now() + 2_000
  for (const folder of folders) {
    for (;;) {
      const pids = (await readText(join(folder, 'cgroup.procs')))?.split('\n').filter(Boolean) ?? []
      if (pids.length === 0 && (await tryRemove(folder))) break
      if (Date.now() > deadline) {
        throw new StackError(`cannot remove the control group ${folder}`, {
          hint:
            pids.length > 0
              ? `end the processes ${pids.join(', ')}, then run \`npm run clean\``
              : 'run `npm run clean`',
        })
      }
      for (const pid of pids) kill(Number(pid))
      await delay(5) // the kernel offers no event for an empty group that works without a helper program
    }
  }
}

function foldersOf(mounts: Mounts, name: string): GroupFolders {
  return { memory: join(mounts.memory, name), cpu: join(mounts.cpu, name), cpuacct: join(mounts.cpuacct, name) }
}

async function refuseAboveParent(folders: GroupFolders, limits: Limits): Promise<void> {
  const stat = (await readText(join(folders.memory, 'memory.stat'))) ?? ''
  const ceilingBytes = Number(/^hierarchical_memory_limit (\d+)$/m.exec(stat)?.[1] ?? Number.POSITIVE_INFINITY)
  if (limits.memoryLimitBytes <= ceilingBytes) return
  throw new StackError(
    `cannot give the service ${limits.memoryLimitBytes} bytes: this machine or container is itself limited to ${ceilingBytes}`,
    { hint: 'give the container more memory, or lower --memory' },
  )
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
  }
}

/** The kernel rounds memory to pages; any other difference means that the run would not be what its record says. */
function refuseOtherThanAsked(applied: AppliedLimits, asked: Limits): void {
  const memoryOffBytes = Math.abs((applied.memoryLimitBytes ?? 0) - asked.memoryLimitBytes)
  const cpusOff = Math.abs((applied.cpus ?? 0) - asked.cpus)
  if (memoryOffBytes < pageBytes && cpusOff < 1e-5) return
  throw new StackError(
    `the kernel did not apply the limits: asked for ${asked.memoryLimitBytes} bytes and ${asked.cpus} CPUs, ` +
      `got ${applied.memoryLimitBytes} bytes and ${applied.cpus} CPUs`,
    { hint: 'choose other values for --memory and --cpus' },
  )
}

async function set(path: string, value: number): Promise<void> {
  await writeFile(path, String(value)).catch((cause: unknown) => {
    throw new StackError(`the kernel refused ${value} for ${path}`, {
      cause,
      hint: 'check --memory and --cpus: a limit may not exceed what this container has, nor go below 1 ms of CPU time a period',
    })
  })
}

async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null)
}

async function tryRemove(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended between our look and the signal.
  }
}
