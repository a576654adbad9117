import type { Evidence } from '../evidence.ts'
import type { Ask, Conditions, Figures, LookBack, PlannedLife, PredictionInput } from '../prediction.ts'
import type { Manifest } from '../record.ts'
import type { Load } from '../scenario.ts'
import type { Verdict } from '../verdict.ts'
import { completeFigures, measureFigures } from './figures.ts'
import { lookAhead } from './outlook.ts'
import { isLarge } from './variations.ts'

/** Plans a load as the generator would play it: a part of the workload that the model is given. */
export type PlanLoad = (
  load: Load,
  options: { readonly seed: number; readonly runId: string; readonly flushMs: number },
) => readonly PlannedLife[]

/** What the model is asked, from what is run. */
export function inputOf(conditions: Conditions, figures: Figures, seed: number, planLoad: PlanLoad): PredictionInput {
  const { load, client, limits, phases, poolSize } = conditions
  const { memoryLimitBytes, cpus } = limits
  const { afterDeathMs, maxMs } = phases
  return {
    load,
    client,
    limits: { memoryLimitBytes, cpus },
    phases: { afterDeathMs, maxMs },
    poolSize,
    figures,
    seed,
    plan: (planned, planSeed) => planLoad(planned, { seed: planSeed, runId: 'predicted', flushMs: client.flushMs }),
  }
}

/** The record's own run, under the limits that were read back; what could not be read is as it was asked for. */
export function recordedInput(
  manifest: Manifest,
  { appliedLimits, limits }: Evidence,
  figures: Figures,
  planLoad: PlanLoad,
): PredictionInput {
  const applied = {
    memoryLimitBytes: appliedLimits?.memoryLimitBytes ?? limits.memoryLimitBytes,
    cpus: appliedLimits?.cpus ?? limits.cpus,
  }
  return inputOf({ ...manifest, limits: applied }, figures, manifest.seed, planLoad)
}

/**
 * What the model makes of a run that was made, from the figures of its own record; or why there is nothing to be made.
 *
 * @param read is asked for the evidence only where the load is small enough for the model
 */
export async function lookBack(
  manifest: Manifest,
  read: () => Promise<Evidence>,
  verdict: Verdict,
  planLoad: PlanLoad,
  ask: Ask,
): Promise<LookBack> {
  if (verdict.outcome === 'unknown') return { outlook: null, why: "the run's own outcome is not known" }
  if (isLarge(manifest))
    return { outlook: null, why: 'so many events take the model too long; "npm run predict" asks it' }
  const evidence = await read()
  const measured = measureFigures(evidence)
  const figures = completeFigures(measured, {})
  if (!figures) return { outlook: null, why: `the record does not tell ${measured.missing.join(', nor ')}` }
  const input = recordedInput(manifest, evidence, figures, planLoad)
  return { outlook: await lookAhead(input, verdict, ask), why: null }
}
