import { readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { StackError } from '../../errors.ts'
import { readEvidence } from '../../evidence.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Ask } from '../../prediction.ts'
import { recordFiles } from '../../record.ts'
import type { Trial } from '../../trial.ts'
import type { Verdict } from '../../verdict.ts'
import { foresee } from './foresee.ts'
import { summarise } from './summarise.ts'

/** What a campaign needs of the world. */
export interface Means {
  /** One run: carries out the plan, leaves the record in the folder. `what` names it to whoever watches. */
  runOnce(plan: RunPlan, dir: string, what: string): Promise<Verdict>
  /** Asks the queueing model. */
  readonly ask: Ask
  readonly commit: string
  /** Tells one line that stays. */
  say(line: string): void
}

export interface TrialPlan {
  readonly cell: string
  readonly repeat: number
  readonly plan: RunPlan
  /** Whether a prediction is wanted, which takes a second or two. */
  readonly isForeseen: boolean
}

/**
 * One run of a campaign. A stack that does not start is a result of its own, told as that; the same goes for a run that
 * could not be finished.
 *
 * @throws InterruptedError after an abort; whatever else is a fault of ours
 */
export async function carryOut(
  { cell, repeat, plan, isForeseen }: TrialPlan,
  dir: string,
  means: Means,
  what: string,
): Promise<Trial> {
  const started = new Date()
  const head = {
    cell,
    repeat,
    seed: plan.seed,
    run: basename(dir),
    commit: means.commit,
    startedAt: started.toISOString(),
  }
  const tookMs = () => Date.now() - started.getTime()
  await rm(dir, { recursive: true, force: true })
  try {
    const verdict = await means.runOnce(plan, dir, what)
    const evidence = await readEvidence(dir)
    const forecast = isForeseen ? await foresee(dir, verdict, means.ask) : null
    return { ...head, tookMs: tookMs(), ...summarise(verdict, evidence), forecast }
  } catch (error) {
    if (!(error instanceof StackError)) throw error
    const wasUp = (await readFile(join(dir, recordFiles.events), 'utf8').catch(() => '')).includes('"stack-ready"')
    const outcome = wasUp ? 'unknown' : 'not started'
    return { ...head, tookMs: tookMs(), ...nothing, outcome, why: error.message }
  }
}

const nothing = {
  chain: [],
  diedMs: null,
  limitBytes: null,
  peakBytes: null,
  peakPendingEvents: null,
  response: null,
  events: null,
  memory: [],
  forecast: null,
} as const
