import { Command, type Option as Flag } from 'commander'
import type { Grid } from '../../comparison.ts'
import { InputError } from '../../errors.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Option } from '../../scenario.ts'
import type { RawFlags } from '../raw-flags.ts'
import { type Context, resolveRun } from '../resolve.ts'
import { suggest } from '../suggest.ts'
import { addSharedFlags, fixedFlags, shownFlags, wholeNumber } from './campaign.ts'
import { fingerprint } from './compare.ts'

export interface OptionsRequest {
  readonly command: 'options'
  /** Without axes: each option is a cell. */
  readonly grid: Grid
  readonly cells: readonly {
    readonly name: string
    readonly values: Readonly<Record<string, string>>
    readonly plans: readonly RunPlan[]
  }[]
  readonly options: readonly Option[]
  readonly isQuick: boolean
  /** Names of those that are run now. */
  readonly only: readonly string[] | undefined
  readonly outDir: string | undefined
  readonly isResumed: boolean
  readonly json: boolean
}

/** @param runOptions the flags of a run, which all runs can be given */
export function optionsCommand(runOptions: readonly Flag[]): Command {
  const command = new Command('options')
    .description("run the report's options and further cures: what was expected, what was measured, what it costs")
    .option('--quick', 'each in a fifth of the time, with a calibration of its own')
    .option('--only <a,b...>', 'these options alone; the others stay as they are, run or not')
    .option('--repeat <n>', 'runs of each option, each with a seed of its own (default: 1)')
    .option('--resume', 'go on with an interrupted one: --out, else the newest; what is not known is run again')
  return addSharedFlags(command, runOptions, { name: 'options', what: 'the results' }).addHelpText(
    'after',
    `
Every other flag is the same for all runs. The folder holds grid.json, results.ndjson (a line for each finished run),
options.md, options.json, options.csv, options.html, and the records in runs/.

Exit codes: 0 all that was expected held; 2 some of it did not; 3 some is not known; 4 bad input; 5 nothing could
start; 130 interrupted.`,
  )
}

/** @throws InputError with every problem at once, those found before included */
export function resolveOptions(
  flags: RawFlags,
  context: Context,
  options: readonly Option[],
  problems: string[],
  runOptions: readonly Flag[],
): OptionsRequest {
  const isQuick = flags.quick !== undefined
  const names = options.map(({ name }) => name)
  const only = flags.only?.split(',').map((name) => name.trim())
  for (const name of only ?? []) {
    if (!names.includes(name)) problems.push(`--only: unknown option ${JSON.stringify(name)}: ${suggest(name, names)}`)
  }
  const repeats = wholeNumber(flags.repeat, 1, 1, 99)
  if (repeats === null) problems.push(`--repeat ${flags.repeat}: takes a whole number from 1 to 99`)
  const fixed = fixedFlags(flags, runOptions)
  const forms = options.map((option) => ({ option, ...(isQuick ? option.quick : option.run) }))
  const varied = new Set(options.flatMap(({ run, quick }) => [run, quick].flatMap((form) => Object.keys(form.flags))))
  for (const flag of Object.keys(fixed).filter((name) => varied.has(name))) {
    problems.push(`--${flag} ${fixed[flag]}: is what the options differ in; compare varies it`)
  }

  const found = new Set<string>()
  const cells = forms.map(({ option, scenario, flags: own }) => {
    const plans = Array.from({ length: repeats ?? 1 }, (_, repeat) => {
      try {
        const seed = Number(fixed.seed ?? '1')
        const seeded = repeat === 0 ? fixed : { ...fixed, seed: String(seed + repeat) }
        return resolveRun(scenario, { ...seeded, ...own }, context)
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        for (const problem of error.problems) found.add(problem)
        return null
      }
    })
    return { name: option.name, values: {}, plans: plans.filter((plan) => plan !== null) }
  })
  problems.push(...found)
  if (problems.length > 0 || repeats === null) throw new InputError(problems)
  return {
    command: 'options',
    grid: {
      scenario: isQuick ? 'options-quick' : 'options',
      axes: [],
      fixed: shownFlags(fixed),
      repeats,
      fingerprint: fingerprint(cells.flatMap(({ plans }) => plans)),
    },
    cells,
    options,
    isQuick,
    only,
    outDir: flags.out,
    isResumed: flags.resume !== undefined,
    json: flags.json !== undefined,
  }
}
