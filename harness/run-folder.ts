import { constants, readdirSync, statSync } from 'node:fs'
import { access, mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { InputError } from './errors.ts'
import { readManifest } from './evidence.ts'
import { recordFiles } from './record.ts'

/** Where runs are kept unless `--out` says otherwise: in the project, wherever the command is started from. */
export const runsDir = resolve(import.meta.dirname, '..', 'results', 'runs')

/** Such as `2026-11-22T23-10-05-high-load-7f3a`: sorts by time, reads as text, unique enough for one folder. */
export function createRunId(scenario: string, at: Date): string {
  const suffix = Math.floor(Math.random() * 0x10000)
    .toString(16)
    .padStart(4, '0')
  return `${at.toISOString().slice(0, 19).replaceAll(':', '-')}-${scenario}-${suffix}`
}

/** Checks, before anything is started, that a record can be written there. Throws an InputError when not. */
export async function claimRunFolder(dir: string): Promise<void> {
  try {
    await makeFolder(dir)
    await access(dir, constants.W_OK)
    const entries = await readdir(dir)
    if (entries.length > 0) {
      throw new InputError([`--out ${dir}: the folder is not empty; a record wants a folder of its own`])
    }
  } catch (cause) {
    if (cause instanceof InputError) throw cause
    throw new InputError([`the record cannot be written to ${dir}: ${(cause as Error).message}`], { cause })
  }
}

/**
 * Like `mkdir -p`. Node's own `recursive` never ends where a file system refuses to make folders with ENOENT, as /proc
 * does (seen with Node 24).
 */
export async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(dir)).isDirectory()) return
    if (code !== 'ENOENT' || (await stat(dirname(dir)).catch(() => null))) throw error
    await makeFolder(dirname(dir))
    await mkdir(dir)
  }
}

/**
 * The folder of a run, from what a user would type: a folder, the name of a run, or `latest`.
 *
 * @throws InputError when there is no such run
 */
export async function findRun(run: string): Promise<string> {
  return locateRun(run)
}

/** The same at once, for what is resolved before anything is started. */
export function locateRun(run: string): string {
  if (run !== 'latest') {
    for (const dir of [resolve(run), join(runsDir, run)]) {
      if (isFile(join(dir, recordFiles.manifest))) return dir
      if (isFile(dir)) return dirname(dir) // a file of the record, from the shell's completion
    }
    throw new InputError([`there is no run ${JSON.stringify(run)}: neither a folder with a run.json nor in ${runsDir}`])
  }
  const newest = listRuns().find((name) => isFile(join(runsDir, name, recordFiles.manifest)))
  if (newest !== undefined) return join(runsDir, newest)
  throw new InputError([`there is no run yet in ${runsDir}: start one with "npm run scenario high-load"`])
}

/** The newest first. */
function listRuns(): string[] {
  try {
    return readdirSync(runsDir).sort().reverse()
  } catch {
    return []
  }
}

/** The newest run of a scenario in results/runs. `null`: there is none that can be read. */
export async function findNewestOf(scenario: string): Promise<string | null> {
  for (const name of listRuns()) {
    const dir = join(runsDir, name)
    const manifest = await readManifest(dir).catch(() => null)
    if (manifest?.scenario === scenario) return dir
  }
  return null
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
