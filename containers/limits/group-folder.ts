/** What the limiters that work on control group folders share. */
import { access, constants, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StackError } from '../../harness/errors.ts'
import type { Limits } from '../../harness/scenario.ts'
import type { AppliedLimits } from '../../harness/stack.ts'

/** The kernel's own default (Documentation/scheduler/sched-bwc.rst): what container engines use too. */
export const cpuPeriodUs = 100_000
const pageBytes = 4096

/** Starts a command inside these groups, when put before it. It execs: the process id stays the command's own. */
export function enterPrefix(folders: readonly string[]): string[] {
  return ['sh', '-c', enterAndExec, String(folders.length), ...folders]
}

/** $0 is the number of groups to enter; the groups and then the command follow. */
const enterAndExec =
  'n=$0; while [ "$n" -gt 0 ]; do echo $$ > "$1/cgroup.procs" || exit 126; shift; n=$((n - 1)); done; exec "$@"'

/** Why this user may make no groups in `folder`, or null when it may. */
export async function whyNotWritable(folder: string): Promise<string | null> {
  return access(folder, constants.W_OK).then(
    () => null,
    () => {
      const who = process.getuid?.() === 0 ? 'root' : `user id ${process.getuid?.()}, which is not root,`
      return `${who} cannot write to ${folder}`
    },
  )
}

/** Writes a value into a group's file. Fails with a StackError when the kernel refuses it. */
export async function set(path: string, value: number | string): Promise<void> {
  await writeFile(path, String(value)).catch((cause: unknown) => {
    throw new StackError(`the kernel refused ${value} for ${path}`, {
      cause,
      hint: 'check --memory and --cpus: a limit may not exceed what this container has, nor go below 1 ms of CPU time a period',
    })
  })
}

export async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null)
}

/** A limit above that of the group around it would never strike. */
export function refuseAboveCeiling({ memoryLimitBytes }: Pick<Limits, 'memoryLimitBytes'>, ceilingBytes: number): void {
  if (memoryLimitBytes <= ceilingBytes) return
  throw new StackError(
    `cannot set a memory limit of ${memoryLimitBytes} bytes: this machine or container is itself limited to ${ceilingBytes}`,
    { hint: 'give the container more memory, or lower --memory' },
  )
}

/** The kernel rounds memory to pages; any other difference means that the run would not be what its record says. */
export function refuseOtherThanAsked(applied: AppliedLimits, asked: Partial<Limits>): void {
  const { memoryLimitBytes, cpus } = asked
  const isMemoryOff =
    memoryLimitBytes !== undefined && Math.abs((applied.memoryLimitBytes ?? 0) - memoryLimitBytes) >= pageBytes
  const isCpuOff = cpus !== undefined && Math.abs((applied.cpus ?? 0) - cpus) >= 1e-5
  if (!isMemoryOff && !isCpuOff) return
  const wanted = [
    ...(memoryLimitBytes === undefined ? [] : [`${memoryLimitBytes} bytes`]),
    ...(cpus === undefined ? [] : [`${cpus} CPUs`]),
  ]
  throw new StackError(
    `the kernel did not apply the limits: asked for ${wanted.join(' and ')}, ` +
      `got ${applied.memoryLimitBytes} bytes and ${applied.cpus} CPUs`,
    { hint: 'choose other values for --memory and --cpus' },
  )
}

/**
 * Kills, by process id, what is left in a group and in groups inside it, waits until they are empty and removes them. One
 * that is gone already is fine.
 */
export async function removeGroupFolder(folder: string): Promise<void> {
  for (const inner of await foldersIn(folder)) await removeGroupFolder(inner)
  const deadline = Date.now() + 2_000
  for (;;) {
    const pids = (await readText(join(folder, 'cgroup.procs')))?.split('\n').filter(Boolean) ?? []
    if (pids.length === 0 && (await tryRemove(folder))) return
    if (Date.now() > deadline) {
      throw new StackError(`cannot remove the control group ${folder}`, {
        hint:
          pids.length > 0 ? `end the processes ${pids.join(', ')}, then run \`npm run clean\`` : 'run `npm run clean`',
      })
    }
    for (const pid of pids) kill(Number(pid))
    await delay(5) // the kernel offers no event for an empty group that works without a helper program
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name))
}

async function tryRemove(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
  }
}

/** Sends SIGKILL. A process that has ended meanwhile is fine. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended between our look and the signal.
  }
}
