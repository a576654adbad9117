import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { knobs } from '../../command-line/knobs.ts'
import type { Context } from '../../command-line/resolve.ts'
import { notAvailableFor } from '../../command-line/subject-flags.ts'
import { InputError } from '../../errors.ts'
import type { Evidence } from '../../evidence.ts'
import { type ChosenFault, levels } from '../../fault.ts'
import type { Hypothesis } from '../../hypothesis.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Change, Perturbation } from '../../perturbation.ts'
import { type Manifest, recordFiles, type Truth, truthSchema } from '../../record.ts'
import type { Scenario } from '../../scenario.ts'
import type { Finding, Verdict } from '../../verdict.ts'
import type { LiveCause, Test } from './infer.ts'
import { canBeReadBack } from './read-back.ts'

/** The recorded run, and what it takes to do it again. Nobody who judges sees it. */
export interface Again {
  readonly plan: RunPlan
  readonly manifest: Manifest
}

/**
 * The plan that the recorded run was made by, from run.json and truth.json: the scenario may have changed since. It runs
 * where it ran then, and under the same limiter.
 *
 * @param subjectEnv values of an image's variables, which are not recorded
 * @throws InputError with all that stands in the way
 */
export async function planAgain(
  dir: string,
  manifest: Manifest,
  evidence: Evidence,
  subjectEnv: Readonly<Record<string, string>>,
  known: Pick<Context, 'faults'>,
): Promise<Again> {
  const problems: string[] = []
  const truth = await readTruth(dir)
  const { subject } = manifest
  if (subject?.kind === 'target') {
    problems.push(`${manifest.id} was a --target: nothing of it is started or limited, so nothing can be changed`)
  }
  const names = subject?.kind === 'image' ? subject.env : []
  const lacking = names.filter((name) => subjectEnv[name] === undefined)
  if (lacking.length > 0) {
    const flags = lacking.map((name) => `--datastorage-env ${name}=…`).join(' ')
    problems.push(`values of an image's variables are not recorded: give them again, with ${flags}`)
  }
  for (const name of Object.keys(subjectEnv).filter((one) => !names.includes(one))) {
    problems.push(`--datastorage-env ${name}: the recorded run had no such variable`)
  }
  const faults = faultsOf(truth, known.faults, problems)
  const limiter = evidence.appliedLimits?.limiter
  // The first records do not say: then there was one way only.
  const runtime = evidence.stackReady?.runtime ?? 'embedded'
  if (problems.length > 0) throw new InputError(problems)

  const { scenario: name, load, client, limits, phases, seed, command } = manifest
  const scenario: Scenario = {
    name,
    description: `${manifest.id} again`,
    load,
    client,
    service: truth.service,
    limits,
    phases,
    expect: 'any',
  }
  const plan: RunPlan = {
    scenario,
    seed,
    runtime,
    limiter: limiter === undefined || limiter === 'engine' ? 'auto' : limiter,
    subject,
    subjectEnv,
    images: imagesOf(command),
    faults,
    expect: { expectation: 'any', from: 'a changed knob' },
    command,
    replay: truth.replay,
  }
  return { plan, manifest }
}

async function readTruth(dir: string): Promise<Truth> {
  const path = join(dir, recordFiles.truth)
  const need = 'without it nobody knows what the service was told to do, and the run cannot be done again'
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new InputError([`${path}: ${cause.message}: ${need}`], { cause })
  })
  try {
    return truthSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new InputError([`${path} is not as it was written: ${need}`], { cause })
  }
}

/** What faults of the stand-in's own made of it is part of the service's settings; those from outside are done again. */
function faultsOf({ faults = [] }: Truth, known: Context['faults'], problems: string[]): ChosenFault[] {
  return faults.flatMap((done) => {
    const fault = known.find(({ name }) => name === done.name)
    const level = levels.find((one) => one === done.level)
    if (!fault || !level) problems.push(`the fault ${done.name}:${done.level} of that run is not known any more`)
    return fault && level ? [{ fault, level }] : []
  })
}

/** Images of the servers are named nowhere else. */
function imagesOf(command: string): RunPlan['images'] {
  const of = (flag: string) => new RegExp(`--${flag}-image (\\S+)`).exec(command)?.[1]
  const images = { postgres: of('postgres'), redis: of('redis') }
  return images.postgres || images.redis ? images : undefined
}

/** How long to go on watching after the time at which a crash counts as gone. */
const marginMs = 500

/** The same run, with one thing changed, watched at least until `watchMs`. Of what cannot be had: why. */
export function planChanged(
  { plan }: Again,
  change: Change | null,
  bounds: Context,
  watchMs: number,
): RunPlan | { readonly why: string } {
  const changed = change ? applied(plan, change, bounds) : { scenario: plan.scenario }
  if ('why' in changed) return changed
  const { phases } = changed.scenario
  const minMs = Math.ceil(watchMs + marginMs)
  const scenario = {
    ...changed.scenario,
    phases: { ...phases, minMs, maxMs: Math.max(phases.maxMs, minMs + marginMs) },
  }
  const command = change ? withChange(plan.command, change) : plan.command
  return { ...plan, scenario, command, replay: change ? withChange(plan.replay, change) : plan.replay }
}

function applied(
  plan: RunPlan,
  { flag, value }: Change,
  bounds: Context,
): { readonly scenario: Scenario } | { readonly why: string } {
  const missing = plan.subject && notAvailableFor(plan.subject, flag)
  if (missing) return { why: missing }
  if (!canBeReadBack(flag)) return { why: `--${flag}: no run can show whether it was in force` }
  const knob = knobs.find((one) => one.flag === flag)
  const done = knob?.apply(plan.scenario, value, bounds) ?? { problem: 'there is no such flag' }
  return 'problem' in done ? { why: `--${flag} ${value}: ${done.problem}` } : { scenario: done.scenario }
}

function withChange(command: string, { flag, value }: Change): string {
  const set = new RegExp(`--${flag} \\S+`)
  return set.test(command) ? command.replace(set, `--${flag} ${value}`) : `${command} --${flag} ${value}`
}

/**
 * The causes that may be true of a crash: supported or left open, and no consequence of another; first things first. What
 * they expect of other runs, with the changes that can be had here.
 */
export function liveCauses(
  verdict: Verdict,
  again: Again,
  hypotheses: readonly Hypothesis[],
  bounds: Context,
): LiveCause[] {
  const isLive = ({ answer, role, consequenceOf }: Finding) => {
    return (answer === 'supported' || answer === 'inconclusive') && role !== 'instrument' && !consequenceOf
  }
  const place = ({ role, answer }: Finding) => [roles.indexOf(role), answer === 'supported' ? 0 : 1]
  return verdict.findings
    .filter(isLive)
    .toSorted((a, b) => {
      const [[roleA = 0, openA = 0], [roleB = 0, openB = 0]] = [place(a), place(b)]
      return openA - openB || roleA - roleB
    })
    .flatMap((finding): LiveCause[] => {
      const perturbations = hypotheses.find(({ name }) => name === finding.hypothesis)?.perturbations ?? []
      if ('none' in perturbations) return [{ finding, tests: [], none: perturbations.none }]
      return [{ finding, tests: perturbations.map((one) => testOf(one, again, bounds)), none: null }]
    })
}

const roles: readonly Finding['role'][] = ['trigger', 'amplifier', 'death']

function testOf({ expected, does, changes }: Perturbation, again: Again, bounds: Context): Test {
  const tried = changes(again.manifest).map((change) => ({ change, plan: planChanged(again, change, bounds, 0) }))
  const whys = tried.flatMap(({ plan }) => ('why' in plan ? [plan.why] : []))
  const possible = tried.flatMap(({ change, plan }) => ('why' in plan ? [] : [change]))
  const why = possible.length > 0 ? null : `${does}: not available: ${whys[0] ?? 'there is nothing left to turn'}`
  return { expected, does, changes: possible, why }
}
