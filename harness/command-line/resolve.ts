import { InputError } from '../errors.ts'
import type { Fault } from '../fault.ts'
import type { RunPlan } from '../manifest.ts'
import type { Manifest } from '../record.ts'
import type { Scenario } from '../scenario.ts'
import { chooseFaults } from './faults.ts'
import type { Bounds } from './knob.ts'
import { knobs } from './knobs.ts'
import type { RawFlags } from './raw-flags.ts'
import { withTimeFor } from './schedule.ts'
import { chooseSubject, engineFlags } from './subject-flags.ts'
import { suggest } from './suggest.ts'

export { suggest } from './suggest.ts'

/** What the flags are checked against. */
export interface Context extends Bounds {
  readonly scenarios: readonly Scenario[]
  /** Names of hypotheses, which `--expect` takes. */
  readonly causes: readonly string[]
  /** What `--fault` takes. */
  readonly faults: readonly Fault[]
}

export const runtimes = ['auto', 'docker', 'podman', 'embedded'] as const
export const limiters = ['auto', 'cgroup-v1', 'cgroup-v2', 'systemd', 'watchdog'] as const
const outcomes = ['crash', 'survive', 'any']

/**
 * Turns a scenario's name and its flags into a plan.
 *
 * @param problems found before, such as unknown flags; this adds its own and reports all of them together
 * @throws InputError with every problem at once
 */
export function resolveRun(
  name: string | undefined,
  flags: RawFlags,
  context: Context,
  problems: string[] = [],
): RunPlan {
  const base = context.scenarios.find((scenario) => scenario.name === name)
  const names = context.scenarios.map((scenario) => scenario.name)
  if (name === undefined) problems.push(`name a scenario: ${names.join(', ')}`)
  else if (!base) problems.push(`unknown scenario ${JSON.stringify(name)}: ${suggest(name, names)}`)

  // Flags are checked against some scenario even when the named one does not exist: all problems at once.
  let scenario = base ?? context.scenarios[0]
  if (!scenario) throw new InputError(['there is no scenario at all'])
  const untouched = scenario
  const given: string[] = []
  const truth: string[] = []
  for (const knob of knobs) {
    const text = flags[knob.flag]
    if (text === undefined) continue
    const applied = knob.apply(scenario, text, context)
    if ('problem' in applied) problems.push(`--${knob.flag} ${text}: ${applied.problem}`)
    else scenario = applied.scenario
    given.push(`--${knob.flag} ${('text' in applied && applied.text) || text}`)
    if (knob.isTruth) truth.push(`--${knob.flag} ${text}`)
  }
  const chosen = chooseFaults(flags.fault, scenario, context.faults, problems)
  scenario = chosen.scenario
  if (flags.fault !== undefined) {
    given.push(`--fault ${flags.fault}`)
    truth.push(`--fault ${flags.fault}`)
  }
  if (scenario.limits.cpus > context.cpus) {
    problems.push(`scenario ${name} wants ${scenario.limits.cpus} CPUs, this machine has ${context.cpus}: try --cpus`)
  }
  if (scenario.limits.memoryLimitBytes > context.memoryBytes) {
    problems.push(`scenario ${name} wants more memory than this machine has: try --memory`)
  }

  const seedText = flags.seed ?? '1'
  const seed = /^\d{1,9}$/.test(seedText) ? Number(seedText) : Number.NaN
  if (Number.isNaN(seed)) problems.push(`--seed ${seedText}: takes a whole number from 0 to 999999999`)
  given.push(`--seed ${seedText}`)
  problems.push(...notOfReplay(flags))
  scenario = withTimeFor(scenario, untouched, seed, flags, problems)

  const named = runtimes.find((known) => known === (flags.runtime ?? 'auto'))
  if (!named) problems.push(`--runtime ${flags.runtime}: takes one of: ${runtimes.join(', ')}`)
  if (flags.runtime) given.push(`--runtime ${flags.runtime}`)
  const { subject, subjectEnv, images, restart, given: ofSubject, ...where } = chooseSubject(flags, named, problems)
  const isFaultInEngines = chosen.faults.every(({ fault }) => fault.runtimes.includes('docker'))
  const runtime = where.runtime === 'auto' && !isFaultInEngines ? 'embedded' : where.runtime
  const onlyInEngines = where.runtime === 'auto' ? engineFlags(flags) : []
  for (const { fault } of chosen.faults) {
    const alone = `--fault ${fault.name}: can be made on ${fault.runtimes.join(', ')} alone`
    if (runtime !== 'auto' && !fault.runtimes.includes(runtime)) problems.push(alone)
    else if (!fault.runtimes.includes('docker')) {
      for (const flag of onlyInEngines) problems.push(`${alone}, and --${flag} needs a container engine`)
    }
  }
  given.push(...ofSubject)
  if (restart !== 'no') scenario = withRestart(scenario, restart)

  const limiter = limiters.find((known) => known === (flags.limiter ?? 'auto'))
  if (!limiter) problems.push(`--limiter ${flags.limiter}: takes one of: ${limiters.join(', ')}`)
  if (flags.limiter) given.push(`--limiter ${flags.limiter}`)

  const oneByOne = limiter === 'systemd' || limiter === 'watchdog'
  if (oneByOne && scenario.limits.memoryScope === 'stack') {
    problems.push(
      `--memory-scope stack: needs --limiter auto, cgroup-v1 or cgroup-v2: ${limiter} limits one part alone`,
    )
  }

  const limitsItself = runtime === 'docker' || runtime === 'podman'
  if (limitsItself && flags.limiter && flags.limiter !== 'auto' && scenario.limits.memoryScope !== 'stack') {
    problems.push(`--limiter ${flags.limiter}: ${runtime} limits its containers itself`)
  }

  if (scenario.load.emitter === 'closed-loop') problems.push(...againstClosedLoop(scenario))
  if (scenario.load.workers !== undefined && !['per-rr', 'direct'].includes(scenario.load.emitter)) {
    problems.push(`--workers ${scenario.load.workers}: needs --emitter per-rr or direct: one client sends all the rest`)
  }
  const carriesKeys = scenario.load.emitter === 'per-rr' || scenario.load.emitter === 'shared'
  if (scenario.client.sendsIdempotencyKey && !carriesKeys) {
    problems.push('--idempotency on: needs --emitter per-rr or shared: only batches carry a key')
  }

  const isChanged = subject !== undefined || JSON.stringify(scenario) !== JSON.stringify(untouched)
  const expect = resolveExpect(flags.expect, scenario, isChanged, context, problems)
  if (flags.expect) given.push(`--expect ${flags.expect}`)

  const recovers = flags.recover !== undefined
  if (recovers) given.push('--recover')
  if (recovers && runtime === 'target') problems.push('--recover: a target is not ours to start again')

  if (problems.length > 0 || !limiter) throw new InputError(problems)
  const start = `npm run scenario ${name} --`
  const command = [start, ...given.filter((flag) => !truth.includes(flag))].join(' ')
  const replay = [start, ...given].join(' ')
  const what = { subject, subjectEnv, images, faults: chosen.faults }
  return { scenario, seed, runtime, limiter, ...what, ...(recovers && { recovers }), expect, command, replay }
}

/** A replay may come at other moments, and through other clients; what its events are is not to be changed. */
function notOfReplay(flags: RawFlags): string[] {
  if (flags.replay === undefined) return []
  const given = ['events-per-rr', 'approvals'].filter((flag) => flags[flag] !== undefined)
  return given.map((flag) => `--${flag} ${flags[flag]}: a replay's events are those of the recorded run`)
}

/** A closed loop has no times of its own to keep, and autocannon no shorter patience than a second. */
function againstClosedLoop({ load, client }: Scenario): string[] {
  const loop = '--emitter closed-loop: '
  return [
    ...(load.pace || load.arrivals
      ? [`${loop}sends as fast as it is answered; --pace and --arrivals need per-rr, shared or direct`]
      : []),
    ...(load.approvalShare > 0 ? [`${loop}plays no approvals; they need per-rr, shared or direct`] : []),
    ...(client.timeoutMs < 1_000 ? [`${loop}needs a --client-timeout of 1s and more`] : []),
  ]
}

/** What comes after the restart is to be seen, too: the report's health checks failed until 43 s after its burst. */
const afterRestartMs = 20_000

function withRestart(scenario: Scenario, restart: 'on-failure'): Scenario {
  const { service, phases } = scenario
  const afterDeathMs = Math.max(phases.afterDeathMs, afterRestartMs)
  return { ...scenario, service: { ...service, restart }, phases: { ...phases, afterDeathMs } }
}

function resolveExpect(
  text: string | undefined,
  scenario: Scenario,
  isChanged: boolean,
  context: Context,
  problems: string[],
): Manifest['expect'] {
  if (text !== undefined) {
    const known = [...outcomes, ...context.causes]
    if (!known.includes(text)) problems.push(`--expect ${text}: ${suggest(text, known)}`)
    return { expectation: text, from: '--expect' }
  }
  // A scenario claims something about itself as written; with a changed knob the claim is void.
  if (isChanged) return { expectation: 'any', from: 'a changed knob' }
  return { expectation: scenario.expect, from: 'the scenario' }
}
