import { basename, join } from 'node:path'
import type { Diagnosis, DiagnosisEnd, DiagnosisTrial, Ending } from '../../diagnosis.ts'
import { InterruptedError } from '../../errors.ts'
import { type Evidence, readEvidence } from '../../evidence.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Change } from '../../perturbation.ts'
import type { Verdict } from '../../verdict.ts'
import { type Campaign, openCampaign } from '../campaign/campaign.ts'
import { carryOut, type Means } from '../campaign/carry-out.ts'
import { concludes } from './conclude.ts'
import {
  type Baseline,
  describeEffect,
  effectOf,
  goneFromMs,
  isSameDeath,
  judgeCause,
  type LiveCause,
  nameChange,
  nextChange,
} from './infer.ts'
import { answersOf, endingOf, writesOf } from './look.ts'
import { readBack } from './read-back.ts'

/** What is asked: the recorded crash, and what may be true of it. */
export interface Question {
  readonly id: string
  readonly scenario: string
  readonly verdict: Verdict
  readonly evidence: Evidence
  readonly ending: Ending
  readonly causes: readonly LiveCause[]
  /** Of the recorded run, so that another of the same name is noticed. */
  readonly startedAt: string
  /** The run again, with one thing changed or with nothing, watched at least so long. */
  plan(change: Change | null, watchMs: number): RunPlan
}

export interface DiagnoseOptions extends Means {
  readonly question: Question
  readonly dir: string
  readonly isResumed: boolean
  /** Runs with something changed, at most. */
  readonly maxRuns: number
}

/** A run without any change is done again when it told nothing, and no more often than that. */
const mostControls = 2

/**
 * The run again as it was; then, where the crash came back, one change after another, until no further run could change an
 * answer. Each result is kept as it comes.
 *
 * @throws InputError when the folder cannot be used, or is of another diagnosis
 */
export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const { question, dir } = options
  const { id: run, scenario, startedAt } = question
  const definition = { kind: 'diagnose', run, scenario, startedAt }
  const campaign = await openCampaign<DiagnosisTrial>(dir, 'question.json', definition, options.isResumed)
  const trials = [...campaign.trials]
  try {
    for (;;) {
      const baseline = baselineOf(question, trials)
      const end = endOf(options, trials, baseline)
      if (end) return conclude(options, trials, baseline, end)
      const change = baseline.length > 1 ? nextChange(question.causes, trials, baseline) : null
      const trial = await tryOut(change, trials, baseline, campaign, options)
      await campaign.keep(trial)
      trials.push(trial)
      options.say(describe(trial, baselineOf(question, trials)))
    }
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error
    return conclude(options, trials, baselineOf(question, trials), 'interrupted')
  }
}

/** The recorded crash, and the same crash when it came again. */
function baselineOf({ ending }: Question, trials: readonly DiagnosisTrial[]): Baseline {
  const again = trials.flatMap((trial) => (trial.change === null && trial.ending ? [trial.ending] : []))
  return [ending, ...again.filter((one) => isSameDeath(one, ending))]
}

function endOf(
  { question, maxRuns }: DiagnoseOptions,
  trials: readonly DiagnosisTrial[],
  baseline: Baseline,
): DiagnosisEnd | null {
  if (baseline.length === 1) {
    const controls = trials.filter(({ change }) => change === null)
    if (controls.some(({ ending }) => ending !== null)) return 'does not come back'
    return controls.length >= mostControls ? 'no run tells' : null
  }
  if (nextChange(question.causes, trials, baseline) === null) return 'certain'
  return trials.filter(({ change }) => change !== null).length >= maxRuns ? 'runs used up' : null
}

async function tryOut(
  change: Change | null,
  trials: readonly DiagnosisTrial[],
  baseline: Baseline,
  campaign: Campaign<DiagnosisTrial>,
  options: DiagnoseOptions,
): Promise<DiagnosisTrial> {
  const { question, maxRuns } = options
  const changed = trials.filter((trial) => trial.change !== null).length
  const cell = nameChange(change)
  const what = change ? `change ${changed + 1} of at most ${maxRuns}: ${cell}` : cell
  const plan = question.plan(change, goneFromMs(baseline))
  const folder = join(campaign.runsDir, `run-${trials.length + 1}`)
  const planned = { cell, repeat: trials.length + 1, plan, isForeseen: false }
  let verdict: Verdict | null = null
  const runOnce: Means['runOnce'] = async (...of) => {
    verdict = await options.runOnce(...of)
    return verdict
  }
  const trial = await carryOut(planned, folder, { ...options, runOnce }, what)
  const nothing = (told: string): DiagnosisTrial => ({
    ...trial,
    change,
    ending: null,
    told,
    answers: {},
    writes: null,
  })
  if (trial.outcome === 'not started') return nothing(`it did not start: ${trial.why}`)
  if (!verdict) return nothing(trial.why ?? 'it has no verdict')
  const evidence = await readEvidence(folder)
  const ending = endingOf(verdict, evidence)
  if ('why' in ending) return nothing(ending.why)
  const seen = change ? readBack(change, evidence, question.evidence) : { inForce: true, told: 'nothing was changed' }
  if (!seen.inForce) return nothing(seen.told)
  return { ...trial, change, ending, told: seen.told, answers: answersOf(verdict), writes: writesOf(evidence) }
}

function describe(trial: DiagnosisTrial, baseline: Baseline): string {
  const told = trial.ending ? describeEffect(trial, effectOf(trial.ending, baseline)) : `tells nothing: ${trial.told}`
  return `${trial.cell}: ${told}`
}

function conclude(
  { question, dir }: DiagnoseOptions,
  trials: readonly DiagnosisTrial[],
  baseline: Baseline,
  end: DiagnosisEnd,
): Diagnosis {
  const { id, scenario, verdict, causes: live, ending } = question
  const causes = live.map((cause) => judgeCause(cause, live, trials, baseline))
  const told = trials.map((trial) => ({
    ...trial,
    effect: trial.change === null ? null : effectOf(trial.ending, baseline),
    command: question.plan(trial.change, 0).replay,
  }))
  return {
    id: basename(dir),
    run: id,
    scenario,
    runHeadline: verdict.headline,
    end,
    headline: concludes(end, causes, told),
    recorded: { ...ending, chain: verdict.chain.map(({ hypothesis }) => hypothesis) },
    causes,
    trials: told,
    changedRuns: trials.filter(({ change }) => change !== null).length,
    commits: [...new Set(trials.map(({ commit }) => commit.slice(0, 12)))],
  }
}
