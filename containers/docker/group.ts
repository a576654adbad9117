import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { AppliedLimits, ResourceCounters } from '../../harness/stack.ts'
import { readBack as readBackV1 } from '../limits/cgroup-v1.ts'
import { openCounters as openV1 } from '../limits/cgroup-v1-counters.ts'
import { readMounts } from '../limits/cgroup-v1-mounts.ts'
import { findMount, readBack as readBackV2 } from '../limits/cgroup-v2.ts'
import { openCounters as openV2 } from '../limits/cgroup-v2-counters.ts'

/** A container's own control group, as far as this machine shows it. */
export interface ContainerGroup {
  /** Folder of its memory controller. */
  readonly folder: string
  open(): ResourceCounters & { close(): void }
  readLimits(): Promise<AppliedLimits>
}

/**
 * The group of the container whose main process this is, whichever engine and driver made it; null where it is not to be
 * seen from here, as when the engine runs in a virtual machine.
 */
export async function groupOf(pid: number): Promise<ContainerGroup | null> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')).split('\n').filter(Boolean)
  const pathOf = (controller: string) => {
    const line = lines.find((one) => one.split(':')[1]?.split(',').includes(controller))
    return line?.split(':').slice(2).join(':')
  }
  const mounts = await readMounts()
  const [memory, cpu, cpuacct] = (['memory', 'cpu', 'cpuacct'] as const).map((controller) => {
    const path = pathOf(controller)
    return mounts[controller] && path !== undefined ? join(mounts[controller], path) : null
  })
  if (memory && cpu && cpuacct) {
    const folders = { memory, cpu, cpuacct }
    if (!(await holds(memory, pid))) return null
    return { folder: memory, open: () => openV1(folders), readLimits: () => readBackV1(folders).then(byEngine) }
  }
  const mount = findMount(await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''))
  const path = pathOf('')
  if (mount === null || path === undefined) return null
  const inner = join(mount, path)
  if (!(await holds(inner, pid))) return null
  // Some runtimes put the processes one group deeper than the limits.
  const folder = basename(inner) === 'container' ? dirname(inner) : inner
  return { folder, open: () => openV2(folder), readLimits: () => readBackV2(folder, 'engine') }
}

function byEngine(limits: AppliedLimits): AppliedLimits {
  return { ...limits, limiter: 'engine' }
}

/** A path may mean another group to us than to the one who wrote it, where mounts show a part of the hierarchy only. */
async function holds(folder: string, pid: number): Promise<boolean> {
  const procs = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')
  return procs.split('\n').includes(String(pid))
}
