import { ProcessEndedError } from '../errors.ts'
import { readEvidence } from '../evidence.ts'
import { measure, needsRecord, notRunBy } from '../gate/metrics.ts'
import { readThreshold } from '../gate/thresholds.ts'
import type { Limit, Measured, Pair, Threshold } from '../gate-result.ts'
import type { RunPlan } from '../manifest.ts'
import type { Random } from '../random.ts'
import type { Verdict } from '../verdict.ts'

/** What a run is measured for. */
interface Asked {
  readonly limits: readonly Limit[]
  readonly thresholds: readonly Threshold[]
}

interface RunsOnce {
  /** Carries the plan out, leaves the record in the folder. */
  runOnce(plan: RunPlan, dir: string): Promise<Verdict>
}

/**
 * Both sides at the same time: what the machine has to itself, and shares with others, they share. One after the other the same
 * thing differed from itself by 15 % (p50), at the same time by 3 %. Which is started first is drawn.
 */
export async function runTogether(
  baseline: () => Promise<Measured>,
  candidate: () => Promise<Measured>,
  random: Random,
): Promise<Pair> {
  const started = random() < 0.5 ? [baseline(), candidate()] : [candidate(), baseline()].reverse()
  // Neither is left behind where the other one fails.
  const ended = await Promise.allSettled(started)
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed) throw failed.reason
  const [before, after] = (await Promise.all(started)) as [Measured, Measured]
  return { baseline: before, candidate: after }
}

/** What a run that was made has for limits and thresholds: from its verdict, and its record where they ask for more. */
export async function measureRun(verdict: Verdict, dir: string, { limits, thresholds }: Asked): Promise<Measured> {
  if (thresholds.length === 0 && !needsRecord(limits)) return measure(verdict, null)
  const evidence = await readEvidence(dir)
  const { peakBytes } = verdict.memory
  const readings = thresholds.map((threshold) => readThreshold(threshold, evidence, peakBytes))
  return { ...measure(verdict, evidence), readings }
}

/** A run of a pair: that it could not be carried out is what it has to say. */
export async function runSide(...args: Parameters<typeof runStrictly>): Promise<Measured> {
  return runStrictly(...args).catch(notRunBy)
}

/** @throws StackError where the stack cannot start, for it will hardly do so later */
export async function runFirst(...args: Parameters<typeof runStrictly>): Promise<Measured> {
  return runStrictly(...args).catch((error: unknown) => {
    if (error instanceof ProcessEndedError) return notRunBy(error)
    throw error
  })
}

async function runStrictly(plan: RunPlan, dir: string, asked: Asked, { runOnce }: RunsOnce): Promise<Measured> {
  return measureRun(await runOnce(plan, dir), dir, asked)
}
