import { createHash } from 'node:crypto'
import { Command, type Option } from 'commander'
import type { Axis, Grid } from '../../comparison.ts'
import { InputError } from '../../errors.ts'
import type { RunPlan } from '../../manifest.ts'
import type { RawFlags } from '../raw-flags.ts'
import { type Context, resolveRun, suggest } from '../resolve.ts'
import { addSharedFlags, askFor, fixedFlags, knobOptions, maxCells, shownFlags, wholeNumber } from './campaign.ts'

export interface CompareRequest {
  readonly command: 'compare'
  readonly grid: Grid
  readonly cells: readonly {
    readonly name: string
    readonly values: Readonly<Record<string, string>>
    /** One for each repeat. */
    readonly plans: readonly RunPlan[]
  }[]
  readonly outDir: string | undefined
  readonly isResumed: boolean
  readonly json: boolean
}

/** @param runOptions the flags of a run: each that takes a value can be varied, or be the same for all */
export function compareCommand(runOptions: readonly Option[]): Command {
  const command = new Command('compare')
    .description('run a grid of scenarios in random order: one table, one picture')
    .option('--scenario <name>', 'the scenario to vary')
    .option('--vary <flag=a,b...>', 'what to vary, such as memory=1g,2g; again for each further axis')
    .option('--repeat <n>', 'runs of each cell, each with a seed of its own (default: 3)')
    .option('--resume', 'go on with an interrupted comparison: --out, else the newest of this scenario')
    .option('--yes', `start also more than ${maxCells} cells`)
  return addSharedFlags(command, runOptions, { name: 'compare', what: 'the comparison' }).addHelpText(
    'after',
    `
Every other flag is the same for all runs. The folder holds grid.json, results.ndjson (a line for each finished run),
table.md, compare.json, compare.csv, compare.html, and the records in runs/.

Exit codes: 0 all cells got a verdict; 3 some are not known; 4 bad input; 5 no cell could start; 130 interrupted.`,
  )
}

/** @throws InputError with every problem at once, those found before included */
export function resolveCompare(
  flags: RawFlags,
  context: Context,
  problems: string[],
  runOptions: readonly Option[],
): CompareRequest {
  askFor(flags, context, problems)
  const allowed = knobOptions(runOptions)
    .filter((option) => option.required)
    .map((option) => option.name())
  const axes = readAxes(flags.vary, allowed, problems)
  const fixed = fixedFlags(flags, runOptions)
  for (const { flag } of axes) {
    if (fixed[flag] !== undefined) problems.push(`--${flag} ${fixed[flag]}: is given, and varied too`)
  }
  const repeats = wholeNumber(flags.repeat, 3, 1, 99)
  if (repeats === null) problems.push(`--repeat ${flags.repeat}: takes a whole number from 1 to 99`)

  const count = axes.reduce((product, { values }) => product * Math.max(1, values.length), 1)
  if (count > maxCells && flags.yes === undefined) {
    problems.push(`${count} cells are more than ${maxCells}: give --yes if that is meant`)
  }
  const scenario = flags.scenario ?? context.scenarios[0]?.name
  const found = new Set(badValues(scenario, axes, fixed, context))
  for (const problem of found) problems.push(problem)
  if (found.size === 0) problems.push(...equalValues(scenario, axes, fixed, context))
  if (problems.length > 0 || repeats === null || scenario === undefined) throw new InputError(problems)

  const cells = combinations(axes).map((values) => {
    const plans = Array.from({ length: repeats }, (_, repeat) =>
      planOf(scenario, { ...fixed, ...values }, context, 'seed' in values ? 0 : repeat),
    )
    return { name: nameOf(values), values, plans }
  })
  return {
    command: 'compare',
    grid: {
      scenario,
      axes,
      fixed: shownFlags(fixed),
      repeats,
      fingerprint: fingerprint(cells.flatMap(({ plans }) => plans)),
    },
    cells,
    outDir: flags.out,
    isResumed: flags.resume !== undefined,
    json: flags.json !== undefined,
  }
}

function nameOf(values: Readonly<Record<string, string>>): string {
  const parts = Object.entries(values).map(([flag, value]) => `${flag}=${value}`)
  return parts.join(' ')
}

function readAxes(text: string | undefined, allowed: readonly string[], problems: string[]): Axis[] {
  if (text === undefined) {
    problems.push('--vary is missing: say what to vary, such as --vary memory=1g,2g')
    return []
  }
  const axes: Axis[] = []
  for (const given of text.split('\n')) {
    const at = given.indexOf('=')
    const flag = given.slice(0, at < 0 ? undefined : at).replace(/^--/, '')
    const values =
      at < 0
        ? []
        : given
            .slice(at + 1)
            .split(',')
            .map((value) => value.trim())
    const twice = values.filter((value, index) => value !== '' && values.indexOf(value) < index)
    if (!allowed.includes(flag))
      problems.push(`--vary ${given}: unknown axis ${JSON.stringify(flag)}: ${suggest(flag, allowed)}`)
    else if (axes.some((axis) => axis.flag === flag)) problems.push(`--vary ${given}: ${flag} is varied already`)
    else if (at < 0 || values.every((value) => value === ''))
      problems.push(`--vary ${given}: the values are missing, such as ${flag}=a,b`)
    else if (values.includes('')) problems.push(`--vary ${given}: one of the values is empty`)
    for (const value of new Set(twice)) problems.push(`--vary ${given}: ${value} is there twice`)
    if (allowed.includes(flag)) axes.push({ flag, values: [...new Set(values)].filter((value) => value !== '') })
  }
  return axes
}

function combinations(axes: readonly Axis[]): Record<string, string>[] {
  return axes.reduce<Record<string, string>[]>(
    (found, { flag, values }) => found.flatMap((one) => values.map((value) => ({ ...one, [flag]: value }))),
    [{}],
  )
}

/** Each repeat has the seed after that of the one before. */
function planOf(
  scenario: string | undefined,
  flags: Readonly<Record<string, string>>,
  context: Context,
  repeat: number,
): RunPlan {
  const seed = flags.seed ?? '1'
  return resolveRun(scenario, { ...flags, seed: repeat === 0 ? seed : String(Number(seed) + repeat) }, context)
}

/** What is wrong with the values of all cells, each told once. In a grid that is too large, each value is tried once. */
function badValues(
  scenario: string | undefined,
  axes: readonly Axis[],
  fixed: Readonly<Record<string, string>>,
  context: Context,
): string[] {
  const count = axes.reduce((product, { values }) => product * values.length, 1)
  const firsts = Object.fromEntries(axes.map(({ flag, values }) => [flag, values[0] ?? '']))
  const tried =
    count <= maxCells
      ? combinations(axes)
      : axes.flatMap(({ flag, values }) => values.map((value) => ({ ...firsts, [flag]: value })))
  const found = new Set<string>()
  for (const values of tried) {
    try {
      planOf(scenario, { ...fixed, ...values }, context, 0)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      for (const problem of error.problems) found.add(problem)
    }
  }
  return [...found]
}

/** `1g` and `1024m` are two words for one thing. */
function equalValues(
  scenario: string | undefined,
  axes: readonly Axis[],
  fixed: Readonly<Record<string, string>>,
  context: Context,
): string[] {
  const firsts = Object.fromEntries(axes.map(({ flag, values }) => [flag, values[0] ?? '']))
  return axes.flatMap(({ flag, values }) => {
    const known = new Map<string, string>()
    return values.flatMap((value) => {
      const plan = fingerprint([planOf(scenario, { ...fixed, ...firsts, [flag]: value }, context, 0)])
      const same = known.get(plan)
      known.set(plan, value)
      return same === undefined ? [] : [`--vary ${flag}: ${same} and ${value} are the same`]
    })
  })
}

/** Of what the runs are; how they are called is left out. */
export function fingerprint(plans: readonly RunPlan[]): string {
  const what = plans.map(({ command, replay, expect, ...plan }) => plan)
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16)
}
