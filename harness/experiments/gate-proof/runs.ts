import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { notRunBy } from '../../gate/metrics.ts'
import type { Limit, Measured, Pair, Threshold } from '../../gate-result.ts'
import { readLines } from '../../line-file.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Random } from '../../random.ts'
import { appendLine } from '../../record.ts'
import type { Scenario } from '../../scenario.ts'
import type { Verdict } from '../../verdict.ts'
import { measureRun, runTogether } from '../pair.ts'
import { definitionOf } from '../stored-baseline.ts'

/** A run that the proof needs: made once, found again by its name. */
export interface Wanted {
  readonly name: string
  readonly scenario: Scenario
  readonly limits: readonly Limit[]
  readonly thresholds: readonly Threshold[]
  readonly seed: number
}

/** A line of runs.ndjson. */
interface Kept {
  readonly name: string
  /** A run of the same name under another definition does not count. */
  readonly definition: string
  readonly commit: string
  readonly measured: Measured
}

export interface RunsOptions {
  /** Lines and records are kept there. */
  readonly dir: string
  readonly commit: string
  /** One run: carries out the plan, leaves the record in the folder. */
  runOnce(plan: RunPlan, dir: string): Promise<Verdict>
  /** Judges a record that is there already. */
  judgeAgain(dir: string): Promise<Verdict>
}

/**
 * Runs that are made when they are asked for the first time, and kept: an interrupted proof goes on where it stopped. A kept
 * record is measured again by the present code, so that one table never mixes two.
 */
export async function openRuns({ dir, commit, runOnce, judgeAgain }: RunsOptions) {
  const file = join(dir, 'runs.ndjson')
  await mkdir(join(dir, 'runs'), { recursive: true })
  const kept = await readLines<Kept>(file)
  const commits = new Set<string>()
  const folderOf = (name: string) => join(dir, 'runs', name.replaceAll(/[^\w]+/g, '-'))

  const make = async ({ name, scenario, limits, thresholds, seed }: Wanted): Promise<Measured> => {
    await rm(folderOf(name), { recursive: true, force: true })
    const measured = await runOnce(planOf(scenario, seed), folderOf(name))
      .then((verdict) => measureRun(verdict, folderOf(name), { limits, thresholds }))
      .catch(notRunBy)
    const line: Kept = { name, definition: definitionOf(scenario), commit, measured }
    await appendLine(file, line)
    return measured
  }

  const findKept = async ({ name, scenario, limits, thresholds }: Wanted): Promise<Measured | null> => {
    const definition = definitionOf(scenario)
    const found = kept.findLast((line) => line.name === name && line.definition === definition)
    if (!found) return null
    commits.add(found.commit.slice(0, 12))
    const folder = folderOf(name)
    if (found.measured.unusable !== null || !(await stat(folder).catch(() => null))) return found.measured
    const measured = await measureRun(await judgeAgain(folder), folder, { limits, thresholds })
    // Lines outlive records: what the present code makes of one is known without it, too.
    if (!isDeepStrictEqual(measured, found.measured)) await appendLine(file, { ...found, measured } satisfies Kept)
    return measured
  }

  return {
    /** What made all that was taken so far. */
    commits: () => [...commits],
    /** Two runs at the same time. Where one of them is not kept, both are made. */
    async takePair(baseline: Wanted, candidate: Wanted, random: Random, say: (what: string) => void): Promise<Pair> {
      const [before, after] = [await findKept(baseline), await findKept(candidate)]
      if (before && after) return { baseline: before, candidate: after }
      commits.add(commit.slice(0, 12))
      say(candidate.name)
      return runTogether(
        () => make(baseline),
        () => make(candidate),
        random,
      )
    },
  }
}
export type Runs = Awaited<ReturnType<typeof openRuns>>

export function planOf(scenario: Scenario, seed: number): RunPlan {
  const command = `npm run prove -- gate, seed ${seed}`
  return {
    scenario,
    seed,
    runtime: 'embedded',
    limiter: 'auto',
    expect: { expectation: 'any', from: 'the scenario' },
    command,
    replay: command,
  }
}
