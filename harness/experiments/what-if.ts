import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { InputError } from '../errors.ts'
import { type Evidence, readEvidence, readManifest } from '../evidence.ts'
import { completeFigures, type MeasuredFigures, measureFigures } from '../prediction/figures.ts'
import { inputOf, recordedInput } from '../prediction/look-back.ts'
import { lookAhead } from '../prediction/outlook.ts'
import { predict } from '../prediction/predict.ts'
import { findThresholds } from '../prediction/thresholds.ts'
import type { Ask, Figures, Forecast, Outlook, PredictionInput } from '../prediction.ts'
import type { Manifest } from '../record.ts'
import { findNewestOf, findRun } from '../run-folder.ts'
import type { Scenario } from '../scenario.ts'
import type { Verdict } from '../verdict.ts'
import { planLoad } from '../workload/life-cycle.ts'

export interface WhatIf {
  /** Every knob resolved. Of its service, only the pool counts: how it behaves is what the figures say. */
  readonly scenario: Scenario
  /** `null`: the record's. */
  readonly seed: number | null
  /** Given by the user; the others come from a record. */
  readonly figures: { readonly [K in keyof Figures]?: Figures[K] | undefined }
  /** A folder, the name of a run, or `latest`. `null`: the newest record of the scenario. */
  readonly from: string | null
}

/** Asks the model; between two of its runs, a key press comes through. */
export function createAsk(signal: AbortSignal): Ask {
  return async (input) => {
    await setImmediate()
    signal.throwIfAborted()
    return predict(input)
  }
}

interface Source {
  readonly dir: string
  readonly manifest: Manifest
  readonly evidence: Evidence
  readonly measured: MeasuredFigures
}

/**
 * Predicts a run without running anything, from figures of a record or of the user's, and what the same figures say of
 * the record's own run, beside what it measured.
 *
 * @param judge makes a verdict from a record
 * @throws InputError when a figure is neither given nor in a record; the signal's reason after an abort
 */
export async function whatIf(
  { scenario, seed, figures: given, from }: WhatIf,
  judge: (dir: string) => Promise<Verdict>,
  signal: AbortSignal,
): Promise<Forecast> {
  const ask = createAsk(signal)
  const source = await findSource(scenario.name, from)
  const figures = completeFigures(source?.measured ?? null, given)
  if (!figures) throw new InputError(whatIsMissing(scenario.name, source, given))

  const asked = inputOf(
    { ...scenario, poolSize: scenario.service.poolSize },
    figures,
    seed ?? source?.manifest.seed ?? 1,
    planLoad,
  )
  const outlook = await lookAhead(asked, null, ask)
  const thresholds = await findThresholds(asked, ask)
  if (!source) return { scenario: scenario.name, figures, outlook, thresholds, record: null }

  const { dir, manifest, evidence } = source
  const verdict = await judge(dir)
  // With the record's own figures, whatever is asked about: that is what tells how far they carry.
  const own = completeFigures(source.measured, {}) ?? figures
  const recorded = recordedInput(manifest, evidence, own, planLoad)
  const check = await lookAhead(recorded, verdict, ask)
  const isSame = isDeepStrictEqual([outlook.conditions, asked.seed, figures], [check.conditions, recorded.seed, own])
  const doubt = verdict.outcome === 'unknown' ? (verdict.missing[0] ?? 'the record does not say') : null
  const record = { dir, id: manifest.id, check, isSame, doubt }
  return { scenario: scenario.name, figures, outlook: isSame ? check : outlook, thresholds, record }
}

/** The record's own run, from its own figures. `null`: it does not hold them all. */
function ownInput({ manifest, evidence, measured }: Source): PredictionInput | null {
  const figures = completeFigures(measured, {})
  return figures && recordedInput(manifest, evidence, figures, planLoad)
}

/** What a record's own figures say of its own run, beside what it measured. `null`: it does not hold them all. */
export async function checkRecord(dir: string, verdict: Verdict, ask: Ask): Promise<Outlook | null> {
  const input = ownInput(await readSource(dir))
  return input && lookAhead(input, verdict, ask)
}

/** Where the answer changes, by a record's own figures. `null`: it does not hold them all. */
export async function thresholdsOf(dir: string, ask: Ask): Promise<Forecast['thresholds'] | null> {
  const input = ownInput(await readSource(dir))
  return input && findThresholds(input, ask)
}

async function findSource(scenario: string, from: string | null): Promise<Source | null> {
  const dir = from === null ? await findNewestOf(scenario) : await findRun(from)
  return dir === null ? null : readSource(dir)
}

async function readSource(dir: string): Promise<Source> {
  const [manifest, evidence] = await Promise.all([readManifest(dir), readEvidence(dir)])
  return { dir, manifest, evidence, measured: measureFigures(evidence) }
}

function whatIsMissing(scenario: string, source: Source | null, given: WhatIf['figures']): string[] {
  const flags = [
    ...(given.workMsPerEvent === undefined ? ['--work-ms-per-event'] : []),
    ...(given.heldBytesPerEvent === undefined ? ['--hold'] : []),
  ]
  const ways = `give ${flags.join(' and ')}, or take the figures from another record with --from <run>`
  if (!source) {
    return [
      `there is no record of ${scenario} to take the figures from: run "npm run scenario ${scenario}", or ${ways}`,
    ]
  }
  return source.measured.missing.map((what) => `${source.dir} does not tell ${what}; ${ways}`)
}
