import { resolve } from 'node:path'
import type { DiagnoseRequest } from '../../command-line/commands/diagnose.ts'
import type { Diagnosis } from '../../diagnosis.ts'
import { exitCodes, InputError, InterruptedError } from '../../errors.ts'
import { readEvidence, readManifest } from '../../evidence.ts'
import type { Hypothesis } from '../../hypothesis.ts'
import { quote } from '../../report/command-words.ts'
import { renderDiagnosis, writeDiagnosis } from '../../report/diagnosis/index.ts'
import { findRun } from '../../run-folder.ts'
import type { Verdict } from '../../verdict.ts'
import type { Means } from '../campaign/carry-out.ts'
import { describeEstimate, estimateMs } from '../campaign/estimate.ts'
import { placeOf } from '../campaign/place.ts'
import { diagnose, type Question } from './diagnose.ts'
import { endingOf } from './look.ts'
import { liveCauses, planAgain, planChanged } from './plan.ts'

export type DiagnoseOrder = Omit<DiagnoseRequest, 'command'>

interface Judging {
  readonly hypotheses: readonly Hypothesis[]
  judge(dir: string): Promise<Verdict>
}

/**
 * `npm run diagnose`: says the plan, does the crash again with one thing changed at a time, writes and prints what came of
 * it. Gives the exit code.
 *
 * @throws InputError, and InterruptedError after what is finished was written
 */
export async function conductDiagnosis(
  order: DiagnoseOrder,
  judging: Judging,
  means: Means,
  stdout: NodeJS.WriteStream,
): Promise<number> {
  const runDir = await findRun(order.run)
  const question = await ask(runDir, order, judging)
  const { id: run, scenario, causes } = question
  const dir = await placeOf('diagnose', { scenario, run, outDir: order.outDir, isResumed: order.isResumed })
  const each = estimateMs(question.plan(null, question.ending.diedMs ?? 0))
  means.say(
    `${run}: ${causes.map(({ finding }) => finding.label).join(', ')} may be true of it; it is done again as it was, then ` +
      `with one thing changed at a time, ${order.maxRuns} times at most, about ${describeEstimate(each)} each, in ${dir}`,
  )
  const diagnosis = await diagnose({ ...means, ...order, question, dir })
  await writeDiagnosis(dir, diagnosis)
  if (diagnosis.end === 'interrupted') {
    const { length } = diagnosis.trials
    means.say(
      `${length} ${length === 1 ? 'run is' : 'runs are'} finished and kept; go on with: ${goOn(order, runDir, dir)}`,
    )
    throw new InterruptedError('interrupted')
  }
  stdout.write(
    order.json
      ? `${JSON.stringify(diagnosis, null, 2)}\n`
      : renderDiagnosis(diagnosis, { dir, goOn: goOn(order, runDir, dir), stream: stdout }),
  )
  return exitCodeOf(diagnosis)
}

/** @throws InputError where the record cannot be read, was of no crash, or cannot be done again */
async function ask(runDir: string, order: DiagnoseOrder, { hypotheses, judge }: Judging): Promise<Question> {
  const manifest = await readManifest(runDir)
  const [verdict, evidence] = [await judge(runDir), await readEvidence(runDir)]
  const { id, scenario, startedAt } = manifest
  const problem = notACrash(verdict, id)
  if (problem !== null) throw new InputError([problem])
  const ending = endingOf(verdict, evidence)
  if ('why' in ending) throw new InputError([`${id}: what became of it is not known: ${ending.why}`])
  const again = await planAgain(runDir, manifest, evidence, order.subjectEnv, order.context)
  return {
    id,
    scenario,
    verdict,
    evidence,
    ending,
    startedAt,
    causes: liveCauses(verdict, again, hypotheses, order.context),
    plan(change, watchMs) {
      const plan = planChanged(again, change, order.context, watchMs)
      if ('why' in plan) throw new Error(`a change that cannot be had was tried: ${plan.why}`)
      return plan
    },
  }
}

function notACrash({ outcome, missing, chain }: Verdict, id: string): string | null {
  if (outcome === 'crashed') return null
  if (outcome === 'unknown') {
    return `${id}: whether it crashed is not known: ${missing[0] ?? 'the record does not say'}`
  }
  return chain.length === 0
    ? `${id} did not crash, and no cause of harm was found in it: there is nothing to diagnose`
    : `${id} did not crash: there is no crash to diagnose; "npm run compare" shows what a change does to a run that survives`
}

function goOn({ maxRuns }: DiagnoseOrder, runDir: string, dir: string): string {
  return `npm run diagnose -- ${quote(resolve(runDir))} --max-runs ${maxRuns} --out ${quote(dir)} --resume`
}

export function exitCodeOf({ end, trials, causes }: Pick<Diagnosis, 'end' | 'trials' | 'causes'>): number {
  if (trials.length > 0 && trials.every(({ outcome }) => outcome === 'not started')) return exitCodes.stack
  const isKnown = end === 'certain' && causes.length > 0 && causes.every(({ answer }) => answer !== 'not known')
  return isKnown ? exitCodes.held : exitCodes.notKnown
}
