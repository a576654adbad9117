import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { StackError } from '../../harness/errors.ts'
import { ownedByThisProcess } from '../../harness/owner.ts'

/** Where things that are slow to make are kept between runs: `$XDG_CACHE_HOME/culprit`, else `~/.cache/culprit`. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'culprit')
}

/**
 * The folder `key` in the cache, filled by `fill` if it is not there yet. It appears by a rename, when complete: two runs
 * at once and a kill in the middle leave no half-made folder under that name.
 */
export async function cached(key: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const target = join(cacheFolder(), key)
  if (await exists(target)) return target
  const partial = join(cacheFolder(), ownedByThisProcess())
  await mkdir(partial, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new StackError(`cannot write to the cache ${cacheFolder()}`, {
      cause,
      hint: 'set XDG_CACHE_HOME to a writable folder',
    })
  })
  try {
    await fill(partial)
    await rename(partial, target)
  } catch (error) {
    if (!(await exists(target))) throw error
    // Another run was faster: its folder is as good as ours.
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
  return target
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
