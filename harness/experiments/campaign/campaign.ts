import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../../errors.ts'
import { readLines } from '../../line-file.ts'
import { appendLine, writeJson, writeText } from '../../record.ts'
import { claimRunFolder } from '../../run-folder.ts'
import type { Trial } from '../../trial.ts'

/** Many runs that belong together: a folder with their definition, a line for each finished one, and their records. */
export interface Campaign<T extends Trial = Trial> {
  readonly dir: string
  readonly runsDir: string
  /** Finished before, in the order in which they ended. */
  readonly trials: readonly T[]
  keep(trial: T): Promise<void>
}

export type Definition = Readonly<Record<string, unknown>>

/**
 * A new campaign in an empty folder, with its definition written down before the first run; or, to resume, the one in it.
 *
 * @throws InputError when the folder is not empty, when there is nothing to resume, or when what is there has another definition
 */
export async function openCampaign<T extends Trial = Trial>(
  dir: string,
  file: string,
  definition: Definition,
  isResumed: boolean,
): Promise<Campaign<T>> {
  if (isResumed) await checkSame(join(dir, file), definition)
  else await claim(dir, file)
  const runsDir = join(dir, 'runs')
  await mkdir(runsDir, { recursive: true })
  if (!isResumed) await writeJson(join(dir, file), definition)
  const resultsFile = join(dir, 'results.ndjson')
  const trials = await readLines<T>(resultsFile)
  // Written anew, so that whoever reads it finds no line that was cut off.
  await writeText(resultsFile, trials.map((trial) => `${JSON.stringify(trial)}\n`).join(''))
  return { dir, runsDir, trials, keep: (trial) => appendLine(resultsFile, trial) }
}

async function claim(dir: string, file: string): Promise<void> {
  const entries = await readdir(dir).catch((): string[] => [])
  if (entries.includes(file)) throw new InputError([`--out ${dir}: there is one already; --resume goes on with it`])
  await claimRunFolder(dir)
}

async function checkSame(path: string, definition: Definition): Promise<void> {
  let found: Definition
  try {
    found = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new InputError([`nothing to resume: ${path}: ${(cause as Error).message}`], { cause })
  }
  const problems = differences(found, definition)
  if (problems.length > 0) {
    throw new InputError(problems.map((problem) => `--resume: ${path} was made for something else: ${problem}`))
  }
}

/** In words; a fingerprint alone differs where no flag does, so it is told only when all else is the same. */
function differences(found: Definition, wanted: Definition): string[] {
  const keys = [...new Set([...Object.keys(found), ...Object.keys(wanted)])]
  const differing = keys.filter((key) => JSON.stringify(found[key]) !== JSON.stringify(wanted[key]))
  const told = differing.filter((key) => key !== 'fingerprint')
  if (told.length > 0) {
    return told.map((key) => `${key} was ${JSON.stringify(found[key])}, is now ${JSON.stringify(wanted[key])}`)
  }
  return differing.length > 0 ? ['the scenario itself has changed since'] : []
}
