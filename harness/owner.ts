import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'

/** The process that a temporary folder or control group belongs to. The start time tells it from a later process with the same pid. */
export interface Owner {
  readonly pid: number
  /** Clock ticks from boot to the process's start: field 22 of /proc/PID/stat, see proc_pid_stat(5). */
  readonly startTicks: number
  /** Pids mean something in one pid namespace only: two containers may share a temp folder and know nothing of each other. */
  readonly pidNamespace: string
}

const ownedName = /^culprit-(\d+)-(\d+)-(\d+)-[0-9a-f]+$/

/**
 * A fresh name that carries this process as its owner, `culprit-<pid>-<start ticks>-<pid namespace>-<random>`. Whatever outlives its
 * owner can be recognised and removed by it (see containers/embedded/leftovers.ts).
 */
export function ownedByThisProcess(): string {
  const startTicks = liveStartTicks(process.pid) ?? 0
  return `culprit-${process.pid}-${startTicks}-${ownPidNamespace()}-${randomBytes(4).toString('hex')}`
}

/** The owner in a name made by `ownedByThisProcess`, or null when the name is not one of ours. */
export function ownerOf(name: string): Owner | null {
  const match = ownedName.exec(name)
  return match ? { pid: Number(match[1]), startTicks: Number(match[2]), pidNamespace: match[3] ?? '' } : null
}

/** Whether that very process still runs; a zombie does not. What cannot be seen from here counts as alive. */
export function isAlive(owner: Owner): boolean {
  return owner.pidNamespace !== ownPidNamespace() || liveStartTicks(owner.pid) === owner.startTicks
}

/** The inode of this process's pid namespace, from a link such as `pid:[4026531836]`. */
function ownPidNamespace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
}

function liveStartTicks(pid: number): number | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return null
  }
  // Field 2, the command, may hold blanks and brackets: counting starts behind its closing bracket, at field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  return state === 'Z' || state === 'X' ? null : Number(fields[22 - 3])
}
