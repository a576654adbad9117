import { readFile } from 'node:fs/promises'

/** Where each controller we use is mounted. `cpu` and `cpuacct` may be one mount or two. */
export type Mounts = Readonly<Record<'memory' | 'cpu' | 'cpuacct', string>>

/** The mounted version 1 controllers, from the text of /proc/PID/mountinfo: see proc_pid_mountinfo(5). */
export function parseMounts(mountinfo: string): Partial<Mounts> {
  const found: Partial<Record<keyof Mounts, string>> = {}
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const mountPoint = before.split(' ')[4]
    const [type, , superOptions = ''] = after.split(' ')
    if (type !== 'cgroup' || !mountPoint) continue
    for (const controller of ['memory', 'cpu', 'cpuacct'] as const) {
      if (superOptions.split(',').includes(controller)) found[controller] ??= mountPoint
    }
  }
  return found
}

/** As `parseMounts`, for this process. */
export async function readMounts(): Promise<Partial<Mounts>> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''))
}
