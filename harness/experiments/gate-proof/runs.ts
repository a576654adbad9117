import { appendFile, mkdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StackError } from '../../errors.ts'
import { notRun } from '../../gate/metrics.ts'
import type { Limit, Measured, Threshold } from '../../gate-result.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Scenario } from '../../scenario.ts'
import type { Verdict } from '../../verdict.ts'
import { measureRun } from '../gate.ts'
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

  const make = async (wanted: Wanted, definition: string): Promise<Measured> => {
    const { name, scenario, limits, thresholds, seed } = wanted
    await rm(folderOf(name), { recursive: true, force: true })
    const measured = await runOnce(planOf(scenario, seed), folderOf(name))
      .then((verdict) => measureRun(verdict, folderOf(name), { limits, thresholds }))
      .catch((error: unknown) => {
        if (error instanceof StackError) return notRun(`a run could not start: ${error.message}`)
        throw error
      })
    const line: Kept = { name, definition, commit, measured }
    await appendFile(file, `${JSON.stringify(line)}\n`)
    return measured
  }

  return {
    /** What made all that was taken so far. */
    commits: () => [...commits],
    async take(wanted: Wanted, say: (what: string) => void): Promise<Measured> {
      const definition = definitionOf(wanted.scenario)
      const found = kept.findLast((line) => line.name === wanted.name && line.definition === definition)
      commits.add((found?.commit ?? commit).slice(0, 12))
      if (!found) {
        say(wanted.name)
        return make(wanted, definition)
      }
      const folder = folderOf(wanted.name)
      if (found.measured.unusable !== null || !(await stat(folder).catch(() => null))) return found.measured
      return measureRun(await judgeAgain(folder), folder, wanted)
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

/** Lines of JSON; the last one of an interrupted proof may be cut off. */
export async function readLines<T>(file: string): Promise<T[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const whole = text.split('\n').filter((line) => line.endsWith('}'))
  return whole.map((line) => JSON.parse(line) as T)
}
