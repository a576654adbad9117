import { Command, type Option } from 'commander'
import { InputError } from '../../errors.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Search } from '../../threshold.ts'
import { type Dose, doses, dosesBetween } from '../doses.ts'
import type { RawFlags } from '../raw-flags.ts'
import { type Context, resolveRun, suggest } from '../resolve.ts'
import { addSharedFlags, askFor, fixedFlags, knobOptions, shownFlags, wholeNumber } from './campaign.ts'
import { fingerprint } from './compare.ts'

export interface BisectRequest {
  readonly command: 'bisect'
  readonly search: Search
  /** Values that may be tried, rising. */
  readonly doses: readonly number[]
  /** `memory=487m`. */
  name(dose: number): string
  plan(dose: number, seed: number): RunPlan
  readonly outDir: string | undefined
  readonly isResumed: boolean
  readonly json: boolean
}

const names = doses.map(({ flag }) => flag)
const mostRuns = 200
/** Of the scenario's own value: the search begins in the middle, and goes so far to either side. */
const reach = 4

/** @param runOptions the flags of a run: each can be the same for all */
export function bisectCommand(runOptions: readonly Option[]): Command {
  const command = new Command('bisect')
    .description('find the smallest limit that survives, or the largest load: the 50 % point with its 90 % interval')
    .option('--scenario <name>', 'the scenario whose threshold is looked for')
    .option('--find <flag>', `what to find: ${names.join(', ')}`)
    .option('--from <value>', `the smallest value to try (default: a ${reach}th of the scenario's)`)
    .option('--to <value>', `the largest value to try (default: ${reach} times the scenario's)`)
    .option('--max-runs <n>', 'give up after so many runs (default: 20)')
    .option('--resume', 'go on with an interrupted search: --out, else the newest of this scenario')
  return addSharedFlags(command, runOptions, { name: 'bisect', what: 'the search' }).addHelpText(
    'after',
    `
Every other flag is the same for all runs; each run has the seed after the last one's. The search ends when the interval is
no wider than 8 % to either side. A run whose outcome is not known counts as neither.

Exit codes: 0 found that closely; 3 not: the runs are used up, or the threshold is not between --from and --to;
4 bad input; 5 no run could start; 130 interrupted.`,
  )
}

/** @throws InputError with every problem at once, those found before included */
export function resolveBisect(
  flags: RawFlags,
  context: Context,
  problems: string[],
  runOptions: readonly Option[],
): BisectRequest {
  askFor(flags, context, problems)
  const dose = doses.find(({ flag }) => flag === flags.find?.replace(/^--/, ''))
  if (flags.find === undefined) problems.push(`--find is missing: there is: ${names.join(', ')}`)
  else if (!dose) problems.push(notANumber(flags.find.replace(/^--/, ''), runOptions))
  const fixed = fixedFlags(flags, runOptions)
  if (dose && fixed[dose.flag] !== undefined)
    problems.push(`--${dose.flag} ${fixed[dose.flag]}: is what is to be found`)
  const maxRuns = wholeNumber(flags['max-runs'], 20, 1, mostRuns)
  if (maxRuns === null) problems.push(`--max-runs ${flags['max-runs']}: takes a whole number from 1 to ${mostRuns}`)

  const scenario = flags.scenario ?? context.scenarios[0]?.name
  const base = check(() => resolveRun(scenario, fixed, context), problems)
  const bounds = dose && readBounds(dose, flags, base, context, problems)
  if (problems.length > 0 || !dose || !base || !bounds || maxRuns === null) throw new InputError(problems)

  const { from, to } = bounds
  const plan = (value: number, seed: number) =>
    resolveRun(scenario, { ...fixed, [dose.flag]: dose.text(value), seed: String(seed) }, context)
  for (const end of [from, to]) check(() => plan(end, base.seed), problems)
  if (problems.length > 0) throw new InputError(problems)
  return {
    command: 'bisect',
    search: {
      scenario: base.scenario.name,
      find: dose.flag,
      unit: dose.unit,
      moreHelps: dose.moreHelps,
      from,
      to,
      maxRuns,
      seed: base.seed,
      fixed: shownFlags(fixed),
      fingerprint: fingerprint([base]),
    },
    doses: dosesBetween(dose, from, to),
    name: (value) => `${dose.flag}=${dose.text(value)}`,
    plan,
    outDir: flags.out,
    isResumed: flags.resume !== undefined,
    json: flags.json !== undefined,
  }
}

function notANumber(find: string, runOptions: readonly Option[]): string {
  const isKnob = knobOptions(runOptions).some((option) => option.name() === find)
  return isKnob
    ? `--find ${find}: is no number with a threshold; there is: ${names.join(', ')}`
    : `--find ${find}: ${suggest(find, names)}`
}

/** The problems of a run, each once. */
function check(resolve: () => RunPlan, problems: string[]): RunPlan | null {
  try {
    return resolve()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    problems.push(...error.problems.filter((problem) => !problems.includes(problem)))
    return null
  }
}

function readBounds(
  dose: Dose,
  flags: RawFlags,
  base: RunPlan | null,
  context: Context,
  problems: string[],
): { readonly from: number; readonly to: number } | null {
  const { min, max } = dose.range(context)
  const found = problems.length
  const read = (flag: 'from' | 'to', otherwise: number) => {
    const text = flags[flag]
    const value = text === undefined ? Math.round(otherwise / dose.step) * dose.step : dose.parse(text)
    if (value === null) problems.push(`--${flag} ${text}: takes what --${dose.flag} takes`)
    else if (value < min || value > max) {
      problems.push(
        `--${flag} ${text}: --${dose.flag} goes from ${dose.text(min)} to ${dose.text(Math.floor(max / dose.step) * dose.step)} here`,
      )
    }
    return value ?? min
  }
  const own = base ? dose.of(base.scenario) : min
  const from = read('from', Math.max(min, own / reach))
  const to = read('to', Math.min(max, own * reach))
  if (problems.length === found && from >= to) {
    problems.push(`--from ${dose.text(from)}: must be below --to ${dose.text(to)}`)
  }
  return problems.length === found ? { from, to } : null
}
