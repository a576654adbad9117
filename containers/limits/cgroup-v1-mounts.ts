import { readFile } from 'node:fs/promises'

/** Where each controller we use is mounted. `cpu` and `cpuacct` may be one mount or two. */
export type Mounts = Readonly<Record<'memory' | 'cpu' | 'cpuacct', string>>

/** The mounted version 1 controllers, from the text of /proc/PID/mountinfo: see proc_pid_mountinfo(5). */
export function parseMounts(mountinfo: string): Partial<Mounts> {
  const found: Partial<Record<keyof Mounts, string>> = {}
  for (const { mountPoint, options } of hierarchies(mountinfo)) {
    for (const controller of ['memory', 'cpu', 'cpuacct'] as const) {
      if (options.includes(controller)) found[controller] ??= mountPoint
    }
  }
  return found
}

/** Where every version 1 hierarchy is mounted, whatever it controls: a container engine makes groups in all of them. */
export function parseAllMounts(mountinfo: string): string[] {
  return [...new Set(hierarchies(mountinfo).map(({ mountPoint }) => mountPoint))]
}

function hierarchies(mountinfo: string): { mountPoint: string; options: string[] }[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const mountPoint = before.split(' ')[4]
    const [type, , superOptions = ''] = after.split(' ')
    return type === 'cgroup' && mountPoint ? [{ mountPoint, options: superOptions.split(',') }] : []
  })
}

/** As `parseMounts`, for this process. */
export async function readMounts(): Promise<Partial<Mounts>> {
  return parseMounts(await ownMountinfo())
}

/** As `parseAllMounts`, for this process. */
export async function readAllMounts(): Promise<string[]> {
  return parseAllMounts(await ownMountinfo())
}

async function ownMountinfo(): Promise<string> {
  return readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
}
