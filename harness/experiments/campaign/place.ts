import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { InputError } from '../../errors.ts'
import { createRunId } from '../../run-folder.ts'

const resultsDir = resolve(import.meta.dirname, '..', '..', '..', 'results')

/** What each kind of campaign writes down before its first run, and where. */
const definitions = {
  compare: { folder: 'compare', file: 'grid.json' },
  bisect: { folder: 'bisect', file: 'search.json' },
  options: { folder: 'options', file: 'grid.json' },
  diagnose: { folder: 'diagnoses', file: 'question.json' },
} as const

/**
 * The folder of a campaign: as given, a new one, or, to resume, the newest that is about the same: the scenario, or, of a
 * diagnosis, the run.
 */
export async function placeOf(
  kind: keyof typeof definitions,
  about: {
    readonly scenario: string
    readonly run?: string
    readonly outDir: string | undefined
    readonly isResumed: boolean
  },
): Promise<string> {
  if (about.outDir !== undefined) return resolve(about.outDir)
  const { folder, file } = definitions[kind]
  const parent = join(resultsDir, folder)
  if (!about.isResumed) return join(parent, createRunId(about.scenario, new Date()))
  const key = about.run === undefined ? 'scenario' : 'run'
  const names = await readdir(parent).catch((): string[] => [])
  for (const name of names.sort().reverse()) {
    const text = await readFile(join(parent, name, file), 'utf8').catch(() => 'null')
    if ((JSON.parse(text) as Record<string, unknown> | null)?.[key] === about[key]) return join(parent, name)
  }
  throw new InputError([`--resume: there is no ${kind} of ${about[key]} in ${parent}; name its folder with --out`])
}
