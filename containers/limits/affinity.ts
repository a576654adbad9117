import { messageOf } from '../../harness/errors.ts'
import { runTool } from '../embedded/tool.ts'
import { readText } from './group-folder.ts'

/** What stands in for a CPU quota where nobody may set one. */
export interface Pinning {
  /** Pins a command to the CPUs, when put before it. It execs. */
  readonly prefix: readonly string[]
  /** As read back. `null`: not pinned. */
  readonly cpus: number | null
  /** Why the limit that was asked for is not in force. */
  readonly whyNot: string | null
}

/**
 * Pins to so many whole CPUs: every user may, the kernel enforces it, and a process of the service's inherits it. Unlike
 * a quota it cannot give part of a CPU, others may run on the same CPUs, and no counter of throttling comes with it.
 */
export async function pinTo(cpus: number): Promise<Pinning> {
  const unpinned = (whyNot: string): Pinning => ({ prefix: [], cpus: null, whyNot })
  if (!Number.isInteger(cpus)) return unpinned(`without a control group only whole CPUs can be given, not ${cpus}`)
  const allowed = cpusIn((await readText('/proc/self/status')) ?? '')
  if (allowed.length < cpus) return unpinned(`this process may run on ${allowed.length} CPUs only`)
  // The last ones: the first CPU tends to serve the devices, too.
  const prefix = ['taskset', '--cpu-list', allowed.slice(-cpus).join(',')]
  try {
    const pinned = cpusIn(await runTool(['cat', '/proc/self/status'], { prefix }))
    return { prefix, cpus: pinned.length, whyNot: null }
  } catch (error) {
    return unpinned(`taskset, of util-linux, does not work here: ${messageOf(error)}`)
  }
}

/** The CPUs in a text of /proc/PID/status, such as `Cpus_allowed_list: 0-2,5`. */
export function cpusIn(status: string): number[] {
  const ranges = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1]?.split(',') ?? []
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
