import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { InputError } from '../../errors.ts'
import { createRunId } from '../../run-folder.ts'

const resultsDir = resolve(import.meta.dirname, '..', '..', '..', 'results')

/** The folder of a campaign: as given, a new one, or, to resume, the newest of the same scenario. */
export async function placeOf(
  kind: 'compare' | 'bisect',
  {
    scenario,
    outDir,
    isResumed,
  }: { readonly scenario: string; readonly outDir: string | undefined; readonly isResumed: boolean },
): Promise<string> {
  if (outDir !== undefined) return resolve(outDir)
  const parent = join(resultsDir, kind)
  if (!isResumed) return join(parent, createRunId(scenario, new Date()))
  const file = kind === 'compare' ? 'grid.json' : 'search.json'
  const names = await readdir(parent).catch((): string[] => [])
  for (const name of names.sort().reverse()) {
    const text = await readFile(join(parent, name, file), 'utf8').catch(() => 'null')
    if ((JSON.parse(text) as { scenario?: string } | null)?.scenario === scenario) return join(parent, name)
  }
  throw new InputError([`--resume: there is no ${kind} of ${scenario} in ${parent}; name its folder with --out`])
}
