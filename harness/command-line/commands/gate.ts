import { Command } from 'commander'
import { InputError } from '../../errors.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Scenario } from '../../scenario.ts'
import { parseDuration } from '../../units.ts'
import { knobs } from '../knobs.ts'
import type { RawFlags } from '../raw-flags.ts'
import { type Context, limiters, resolveRun, runtimes, suggest } from '../resolve.ts'

/** One side of a comparison: this stand-in under other settings, or the stand-in of a revision. */
export interface GateSide {
  readonly text: string
  /** `null`: a setting. Absent text of a revision means the default. */
  readonly revision: string | null
}

export interface GateRequest {
  readonly command: 'gate'
  readonly scenarios: readonly {
    readonly scenario: Scenario
    readonly baseline: RunPlan
    readonly candidate: RunPlan
  }[]
  /** `null`: the last tag or commit. */
  readonly baseline: GateSide | null
  readonly candidate: GateSide
  /** For each scenario, beside its own. */
  readonly thresholds: readonly string[]
  /** For each scenario. */
  readonly budgetMs: number
  readonly seed: number
  /** Whether the candidate's runs become the stored baselines. */
  readonly update: boolean
  readonly json: boolean
  /** As they were given: the scenario's name and what was said of how. */
  readonly name: string | null
  readonly flags: Readonly<Record<string, string>>
}

export function gateCommand(): Command {
  return new Command('gate')
    .description('compare a candidate with a baseline, side by side: pass, fail or unknown for each limit')
    .argument('[scenario]', 'a scenario with limits (default: each that has some)')
    .option(
      '--baseline <what>',
      'a git revision, settings, or "stored" (default: the last tag, else the last change of the stand-in)',
    )
    .option('--candidate <what>', 'a git revision, settings, or "current", the stand-in as it lies here (the default)')
    .option(
      '--threshold <text...>',
      'what the candidate has to keep by itself, such as "p99 < 250 ms between 5 s and 20 s" (repeatable)',
    )
    .option('--update', "keep the candidate's runs as the stored baseline, in results/baselines/")
    .option('--budget <time>', 'how long to go on for each scenario, such as 5m (the default)')
    .option('--seed <n>', 'seed of the loads and of the order (default: 1)')
    .option('--runtime <name>', `${runtimes.join(', ')} (default: embedded, which any revision can run on)`)
    .option('--limiter <name>', `${limiters.join(', ')} (default: auto)`)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Settings are knobs of "npm run scenario", such as pool=5 or memory=1g,cpus=1; option.<name>=<number> sets an option of
the profile, last. A setting is of the stand-in as it lies here.

Exit codes: 0 every limit is kept; 2 one is not; 3 not known: the pairs do not decide; 4 bad input; 5 the stack could not
start; 130 interrupted.`,
    )
}

const shortestBudgetMs = 10_000

/** @throws InputError with every problem at once, those found before included */
export function resolveGate(
  name: string | undefined,
  flags: RawFlags,
  context: Context,
  problems: string[],
): GateRequest {
  const withLimits = context.scenarios.filter(({ gate }) => gate !== undefined)
  const names = withLimits.map((scenario) => scenario.name)
  const chosen = withLimits.filter((scenario) => name === undefined || scenario.name === name)
  if (chosen.length === 0) {
    problems.push(
      name === undefined
        ? 'no scenario has limits'
        : `no gate scenario ${JSON.stringify(name)}: ${suggest(name, names)}`,
    )
  }
  const budgetMs = parseDuration(flags.budget ?? '5m')
  if (budgetMs === null || budgetMs < shortestBudgetMs) {
    problems.push(`--budget ${flags.budget}: takes a time of 10s and more, such as 5m`)
  }
  const thresholds = flags.threshold?.split('\n') ?? []
  const { seed = '1', runtime = 'embedded', limiter } = flags
  const shared = { seed, runtime, limiter }
  const baseline = flags.baseline === undefined ? null : sideOf(flags.baseline)
  const candidate = sideOf(flags.candidate ?? 'current')
  const plan = (scenario: Scenario, flag: string, side: GateSide | null): RunPlan | null => {
    const found: string[] = []
    try {
      const settings = side && side.revision === null ? readSettings(side.text, found) : { knobs: {}, options: {} }
      const resolved = resolveRun(scenario.name, { ...shared, ...settings.knobs, expect: 'any' }, context, found)
      const { service } = resolved.scenario
      const profileOptions = { ...service.profileOptions, ...settings.options }
      return { ...resolved, scenario: { ...resolved.scenario, service: { ...service, profileOptions } } }
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      const isOwn = (problem: string) => !/^--(seed|runtime|limiter) /.test(problem)
      problems.push(
        ...error.problems.map((problem) => (isOwn(problem) && side ? `${flag} ${side.text}: ${problem}` : problem)),
      )
      return null
    }
  }
  const scenarios = chosen.flatMap((scenario) => {
    const plans = [plan(scenario, '--baseline', baseline), plan(scenario, '--candidate', candidate)]
    const [before, after] = plans
    return before && after ? [{ scenario, baseline: before, candidate: after }] : []
  })
  if (problems.length > 0) throw new InputError([...new Set(problems)])
  return {
    command: 'gate',
    scenarios,
    baseline,
    candidate,
    thresholds,
    budgetMs: budgetMs ?? 0,
    seed: Number(seed),
    update: flags.update !== undefined,
    json: flags.json !== undefined,
    name: name ?? null,
    flags: given(flags),
  }
}

/** What is to be said again for the same gate. */
function given({ json: _, ...flags }: RawFlags): Record<string, string> {
  return Object.fromEntries(Object.entries(flags).filter((flag): flag is [string, string] => flag[1] !== undefined))
}

function sideOf(text: string): GateSide {
  return { text, revision: text.includes('=') ? null : text }
}

function readSettings(text: string, problems: string[]) {
  const known = knobs.map(({ flag }) => flag)
  const found: Record<string, string> = {}
  const options: Record<string, number> = {}
  for (const setting of text.split(',')) {
    const [key = '', ...rest] = setting.split('=')
    const value = rest.join('=')
    if (value === '') problems.push(`${JSON.stringify(setting)} is no setting K=V`)
    else if (key.startsWith('option.')) {
      if (Number.isFinite(Number(value))) options[key.slice('option.'.length)] = Number(value)
      else problems.push(`${setting}: takes a number`)
    } else if (known.includes(key)) found[key] = value
    else problems.push(`unknown setting ${JSON.stringify(key)}: ${suggest(key, known)}`)
  }
  return { knobs: found, options }
}
