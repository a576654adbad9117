import { isDeepStrictEqual } from 'node:util'
import { Command } from 'commander'
import { InputError } from '../../errors.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Scenario } from '../../scenario.ts'
import { parseDuration } from '../../units.ts'
import { knobs } from '../knobs.ts'
import type { RawFlags } from '../raw-flags.ts'
import { type Context, limiters, resolveRun, runtimes, suggest } from '../resolve.ts'
import { imageOptions, withoutSecrets } from '../subject-flags.ts'

/** One side of a comparison: this stand-in under other settings, the stand-in of a revision, or an image. */
export interface GateSide {
  readonly text: string
  /** `null`: a setting, or an image. */
  readonly revision: string | null
  readonly image?: string
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
  const command = new Command('gate')
    .description('compare a candidate with a baseline, side by side: pass, fail or unknown for each limit')
    .argument('[scenario]', 'a scenario with limits (default: each that has some)')
    .option(
      '--baseline <what>',
      'a git revision, settings, image:NAME, or "stored" (default: the last tag, else the stand-in before its last change)',
    )
    .option(
      '--candidate <what>',
      'a git revision, settings, image:NAME, or "current", the stand-in as it lies here (the default)',
    )
    .option(
      '--threshold <text...>',
      'what the candidate has to keep by itself, such as "p99 < 250 ms between 5 s and 20 s" (repeatable)',
    )
    .option(
      '--update',
      "keep the candidate's runs as the stored baseline, in results/baselines/, unless it failed; takes the whole budget, or 21 pairs",
    )
    .option('--budget <time>', 'how long to go on for each scenario after its warm-up pair, such as 5m (the default)')
    .option('--seed <n>', 'seed of the loads and of the order (default: 1)')
    .option(
      '--runtime <name>',
      `${runtimes.join(', ')} (default: embedded, which is also what auto is without an image; with one: auto)`,
    )
    .option('--limiter <name>', `${limiters.join(', ')} (default: auto)`)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Settings are knobs of "npm run scenario", such as pool=5 or memory=1g,cpus=1; option.<name>=<number> sets an option of
the profile, last. A setting is of the stand-in as it lies here. With an image on one side, both run in
one engine; --datastorage-env and the like are for the images.

Exit codes: 0 every limit is kept; 2 one is not; 3 not known: the pairs do not decide; 4 bad input; 5 the stack could not
start for the first scenario; 130 interrupted: what is finished is printed.`,
    )
  for (const option of imageOptions()) command.addOption(option)
  return command
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
  const baseline = flags.baseline === undefined ? null : sideOf(flags.baseline)
  const candidate = sideOf(flags.candidate ?? 'current')
  const hasImage = baseline?.image !== undefined || candidate.image !== undefined
  const { seed = '1', limiter } = flags
  // Found out for each run, it could be another one for each side.
  const runtime = hasImage ? (flags.runtime ?? 'auto') : (flags.runtime?.replace(/^auto$/, 'embedded') ?? 'embedded')
  const shared = { seed, runtime, limiter }
  problems.push(...againstSides({ baseline, candidate }, runtime, flags))
  const ofImages = Object.fromEntries(imageOptions().map((option) => [option.name(), flags[option.name()]]))
  const plan = (scenario: Scenario, flag: string, side: GateSide | null): RunPlan | null => {
    const found: string[] = []
    try {
      const isSetting = side && side.revision === null && side.image === undefined
      const settings = isSetting ? readSettings(side.text, found) : { knobs: {}, options: {} }
      const image = side?.image === undefined ? {} : { 'datastorage-image': side.image, ...ofImages }
      const asked = { ...shared, ...settings.knobs, ...image, expect: 'any' }
      const resolved = resolveRun(scenario.name, asked, context, found)
      const { service } = resolved.scenario
      const profileOptions = { ...service.profileOptions, ...settings.options }
      const isOfLoad = (key: 'load' | 'phases' | 'checks') => !isDeepStrictEqual(resolved.scenario[key], scenario[key])
      if (isOfLoad('load') || isOfLoad('phases') || isOfLoad('checks')) {
        throw new InputError(['changes the load, which is the same for both sides'])
      }
      const wrong = context.checkProfileOptions?.(service.profile, profileOptions) ?? []
      if (wrong.length > 0) throw new InputError(wrong)
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
  const known = Object.entries(flags).filter((flag): flag is [string, string] => flag[1] !== undefined)
  return Object.fromEntries(
    known.map(([name, text]) => [
      name,
      text
        .split('\n')
        .map((value) => withoutSecrets(name, value))
        .join('\n'),
    ]),
  )
}

function sideOf(text: string): GateSide {
  const image = /^image:(.*)$/s.exec(text)?.[1]
  if (image !== undefined) return { text, revision: null, image }
  return { text, revision: text.includes('=') ? null : text }
}

/** What cannot be run beside each other, or at all. */
function againstSides(
  { baseline, candidate }: { readonly baseline: GateSide | null; readonly candidate: GateSide },
  runtime: string,
  flags: RawFlags,
): string[] {
  const sides = [
    { flag: '--baseline', side: baseline },
    { flag: '--candidate', side: candidate },
  ]
  const images = sides.filter(({ side }) => side?.image !== undefined)
  const isInEngine = images.length > 0 || runtime === 'docker' || runtime === 'podman'
  const found: string[] = []
  for (const { flag, side } of images) {
    if (!/^\S+$/.test(side?.image ?? ''))
      found.push(`${flag} ${side?.text}: takes an image, such as image:datastorage:1.2`)
  }
  for (const { flag, side } of isInEngine ? sides : []) {
    if (side?.revision === 'stored') found.push(`${flag} stored: holds runs of the stand-in on the embedded runtime`)
  }
  if (flags.update !== undefined) {
    if (isInEngine) found.push('--update: keeps runs on the embedded runtime alone')
    if (candidate.revision === null && candidate.image === undefined) {
      found.push('--update: keeps runs of the stand-in of a revision, without settings')
    }
  }
  if (images.length === 0) {
    for (const option of imageOptions().filter((one) => flags[one.name()] !== undefined)) {
      found.push(`--${option.name()}: goes with an image, such as --candidate image:NAME`)
    }
  }
  return found
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
