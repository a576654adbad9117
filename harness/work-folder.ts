import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StackError } from './errors.ts'
import { ownedByThisProcess } from './owner.ts'

/** A temporary folder that disposing removes. */
export interface WorkFolder extends AsyncDisposable {
  readonly path: string
}

/**
 * Makes a folder for what a process writes outside its record. Its name tells whose it is, so that what a kill leaves is
 * removed later. `parent` is the system's temp folder unless given.
 */
export async function createWorkFolder(parent: string = tmpdir()): Promise<WorkFolder> {
  const path = join(parent, ownedByThisProcess())
  // 711, not 700: as root, PostgreSQL runs as another user, which must get through to its data.
  await mkdir(path, { mode: 0o711 }).catch((cause: unknown) => {
    throw new StackError(`cannot make a temporary folder in ${parent}`, {
      cause,
      hint: 'set TMPDIR to a writable folder',
    })
  })
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  }
}
