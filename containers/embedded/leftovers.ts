import { readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive, ownerOf } from '../../harness/owner.ts'
import { limiters } from '../limits/index.ts'
import { cacheFolder } from './folders.ts'

/** Only these may be killed for working in a leftover folder: a user's shell may stand there too. */
const ours = new Set(['postgres', 'initdb', 'redis-server', 'valkey-server'])

/**
 * Removes what runs that were killed have left: control groups with the processes in them, temporary folders with the
 * servers that work there, half-filled cache folders. What belongs to a live process stays, and for anybody but root what
 * belongs to another user.
 * @param parents where to look for temporary folders
 * @returns what was removed: names of groups, paths of folders
 */
export async function removeLeftovers(parents: readonly string[] = [tmpdir()]): Promise<string[]> {
  const removed: string[] = []
  for (const limiter of limiters) {
    // What this user cannot make, it cannot have left: then it is another user's, and not ours to remove.
    if ((await limiter.unavailable()) !== null) continue
    for (const name of (await limiter.list()).filter(hasDeadOwner)) {
      await limiter.remove(name)
      removed.push(name)
    }
  }
  for (const parent of [...parents, cacheFolder()]) {
    const names = await readdir(parent).catch((): string[] => [])
    for (const folder of names.filter(hasDeadOwner).map((name) => join(parent, name))) {
      if (!(await isOurs(folder))) continue
      await killServersIn(folder)
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
      removed.push(folder)
    }
  }
  return removed
}

async function isOurs(folder: string): Promise<boolean> {
  const uid = process.getuid?.()
  return uid === 0 || (await stat(folder).catch(() => null))?.uid === uid
}

function hasDeadOwner(name: string): boolean {
  const owner = ownerOf(name)
  return owner !== null && !isAlive(owner)
}

async function killServersIn(folder: string): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    try {
      const cwd = await readlink(`/proc/${pid}/cwd`)
      const command = (await readFile(`/proc/${pid}/comm`, 'utf8')).trim()
      if (cwd.startsWith(`${folder}/`) && ours.has(command)) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // Another user's process, or one that has just ended.
    }
  }
}
