import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { median } from 'simple-statistics'
import { InputError, StackError } from '../errors.ts'
import { decide, looks, takeLooks } from '../gate/decide.ts'
import { findDrifts } from '../gate/drift.ts'
import { parseLimits } from '../gate/limits.ts'
import { parseThresholds } from '../gate/thresholds.ts'
import { appendGateLine, type GateLine, readGateHistory } from '../gate-history.ts'
import type { GateResult, Limit, Measured, Pair, Threshold } from '../gate-result.ts'
import { describeGit, describeMachine, type RunPlan } from '../manifest.ts'
import { createRandom } from '../random.ts'
import { gateCommandOf, writeGateReports } from '../report/gate/index.ts'
import type { Scenario } from '../scenario.ts'
import type { Verdict } from '../verdict.ts'
import { runFirst, runSide, runTogether } from './pair.ts'
import { type Checkout, checkOutSide, isSameCode, type Side, sideWithout, storedSide } from './sides.ts'
import {
  readStoredBaselines,
  type StoredBaseline,
  softenFor,
  titleOf,
  updateStoredBaseline,
} from './stored-baseline.ts'

const historyFile = 'history.ndjson'
const gateDir = resolve(import.meta.dirname, '..', '..', 'results', 'gate')

/** A scenario with both of its sides, as runs that differ in nothing but the side. */
export interface GateJob {
  readonly scenario: string
  readonly limits: readonly Limit[]
  readonly thresholds: readonly Threshold[]
  readonly baseline: { readonly title: string; readonly plan: RunPlan }
  readonly candidate: { readonly title: string; readonly plan: RunPlan }
  /** By which later gates find those that are like them. */
  readonly sides?: GateLine['sides']
  /** Stands in for the baseline's runs: the candidate alone is run, once for each of its runs at most. */
  readonly stored?: StoredBaseline | undefined
}

export interface GateOptions {
  /** For one scenario, from the end of its warm-up pair on; a pair that would end after it is not begun. */
  readonly budgetMs: number
  readonly seed: number
  /** Records and history go there. */
  readonly dir?: string
  /** Stored baselines are there. */
  readonly baselinesDir?: string
  runOnce(plan: RunPlan, dir: string): Promise<Verdict>
  say(message: string): void
}

/**
 * Runs baseline and candidate, both at the same time, until the looks decide or the budget ends. The
 * first pair is a warm-up of the machine and is not counted.
 *
 * @throws StackError when the warm-up pair cannot start: nothing would come of the rest either
 */
export async function runGate(job: GateJob, options: GateOptions): Promise<GateResult> {
  return (await playGate(job, options)).result
}

/** A gate that is decided, and a way to go on all the same: to the last look, or the end of the budget. */
interface Played {
  readonly result: GateResult
  /** Gives all runs of the candidate, those before included. */
  playOn(): Promise<Measured[]>
}

async function playGate(job: GateJob, options: GateOptions): Promise<Played> {
  const { say, budgetMs } = options
  const dir = options.dir ?? gateDir
  const startedAt = new Date()
  const folder = join(dir, 'runs', `${folderName(startedAt.toISOString())}-${job.scenario}`)
  await mkdir(join(dir, 'runs'), { recursive: true })
  const random = createRandom(options.seed)

  const { stored } = job
  const mostPairs = stored?.runs.length ?? Number.POSITIVE_INFINITY
  const runPair = async (name: string, seed: number, run: typeof runSide, before?: Measured): Promise<Pair> => {
    const side = (which: 'baseline' | 'candidate', as: string = which) => {
      return () => run({ ...job[which].plan, seed }, `${folder}-${name}-${as}`, job, options)
    }
    if (!before) return runTogether(side('baseline'), side('candidate'), random)
    // Stored runs had company, too.
    const { candidate } = await runTogether(side('candidate', 'company'), side('candidate'), random)
    return { baseline: before, candidate, isStored: true }
  }

  say(`${job.scenario}: a warm-up pair`)
  const warmedMs = performance.now()
  await runPair('warm-up', options.seed, runFirst, stored?.runs[0])
  const beganMs = performance.now()
  // The warm-up may have unpacked a database or built an image, which no further pair does.
  const warmUpMs = Math.min(beganMs - warmedMs, budgetMs / 2)
  const tookMs: number[] = []
  const takePair = async (index: number, towards: string, before?: Measured): Promise<Pair | null> => {
    const startedMs = performance.now()
    const expectedMs = tookMs.length > 0 ? median(tookMs) : warmUpMs
    if (startedMs - beganMs + expectedMs >= budgetMs) return null
    say(`${job.scenario}: pair ${index + 1}, ${towards}`)
    const pair = await runPair(`pair-${index + 1}`, options.seed + index + 1, runSide, before)
    tookMs.push(performance.now() - startedMs)
    return pair
  }
  const nextPair = async (index: number, look: number): Promise<Pair | null> =>
    index >= mostPairs ? null : takePair(index, `next look at ${look}`, stored?.runs[index])
  const looked = await takeLooks(nextPair, job.limits, job.thresholds)
  const { pairs } = looked
  let { decision } = looked
  if (pairs.length < looks[0]) {
    const why =
      pairs.length === mostPairs
        ? `the stored baseline has ${mostPairs} runs only`
        : `the budget ended after ${pairs.length} pairs`
    decision = { ...decision, because: [...decision.because, why] }
  }
  const candidates = pairs.map(({ candidate }) => candidate)
  if (stored) decision = softenFor(stored, decision, candidates)
  const result = {
    scenario: job.scenario,
    baseline: job.baseline.title,
    candidate: job.candidate.title,
    decision,
    pairs,
  }
  await appendGateLine(join(dir, historyFile), startedAt, result, {
    runtime: job.candidate.plan.runtime,
    sides: job.sides,
  })
  const { lines } = await readGateHistory(join(dir, historyFile))
  const drifts = findDrifts(lines.filter(({ scenario }) => scenario === job.scenario))
  const playOn = async () => {
    for (let index = pairs.length; index < Math.max(...looks); index++) {
      const pair = await takePair(index, 'for the stored baseline', stored?.runs[0])
      if (pair === null) break
      candidates.push(pair.candidate)
    }
    return candidates
  }
  return { result: { ...result, drifts }, playOn }
}

/** What is known of a scenario whose warm-up pair could not start, which says nothing of what is finished. */
function notStarted(
  { scenario, limits, thresholds, baseline, candidate }: GateJob,
  { message, hint, logTail }: StackError,
  { say }: Pick<GateOptions, 'say'>,
): Played {
  for (const line of [`${scenario}: ${message}`, ...logTail.map((line) => `  | ${line}`)]) say(line)
  const because = [`the warm-up pair could not start: ${message}${hint ? `; try: ${hint}` : ''}`]
  const decision = { ...decide([], limits, thresholds), because }
  const result = { scenario, baseline: baseline.title, candidate: candidate.title, decision, pairs: [], drifts: [] }
  return { result, playOn: async () => [] }
}

/** What the command line asks for. A side without a revision is this stand-in under other settings, which are in its plans. */
export interface GateRequest {
  readonly scenarios: readonly {
    readonly scenario: Scenario
    readonly baseline: RunPlan
    readonly candidate: RunPlan
  }[]
  readonly baseline: Side | null
  readonly candidate: Side
  /** Whether the candidate's runs become the stored baselines. */
  readonly update: boolean
  /** For every scenario, beside its own. */
  readonly thresholds: readonly string[]
  readonly name: string | null
  readonly flags: Readonly<Record<string, string>>
}

/** An image that a side is, by the flag that names it. */
export interface ImageWanted {
  readonly flag: string
  readonly image: string
}

export interface FindsEngine {
  /** The engine that has these images. @throws InputError that names those which it has not */
  findEngineFor(wanted: readonly ImageWanted[], runtime: RunPlan['runtime']): Promise<'docker' | 'podman'>
}

/** What came of all scenarios, and where it is to be read. */
export interface Gated {
  readonly results: readonly GateResult[]
  readonly page: string
  /** What became of the stored baselines. */
  readonly updated: readonly string[]
}

/**
 * The gate of every scenario, one after the other. The reports are written after each of them: what is finished stays. One that
 * cannot start after others could is unknown.
 *
 * @throws InputError, before anything is started, where limits cannot be read or a revision is not there; StackError where
 *   the first scenario cannot start
 */
export async function runGates(
  request: GateRequest,
  options: GateOptions & FindsEngine & { onFinished?(gated: Gated): void },
): Promise<Gated> {
  const problems: string[] = []
  const limited = request.scenarios.map((one) => ({
    ...one,
    limits: parseLimits(one.scenario.gate ?? [], problems),
    thresholds: parseThresholds([...(one.scenario.thresholds ?? []), ...request.thresholds], problems),
  }))
  if (problems.length > 0) throw new InputError(problems)
  const before = request.baseline ?? (await sideWithout(request.candidate))
  const isStored = before.revision === 'stored'
  const stored = isStored ? await readStoredBaselines(limited, options.baselinesDir) : null
  const runtime = await findRuntime(request, before, options)
  await using baseline = isStored ? storedSide('stored') : await checkOutSide('--baseline', before)
  await using candidate = await checkOutSide('--candidate', request.candidate)
  const isSame = isSameCode(baseline, candidate)
  const [dir, startedAt] = [options.dir ?? gateDir, new Date().toISOString()]
  const told = {
    startedAt,
    scenarios: limited.map(({ scenario }) => scenario.name),
    // With what "the last tag" was then: the same command may mean another one tomorrow.
    command: gateCommandOf(request.name, { ...request.flags, baseline: before.text }),
    machine: describeMachine(),
    git: await describeGit(),
  }
  const results: GateResult[] = []
  const updated: string[] = []
  let page = ''
  for (const [index, one] of limited.entries()) {
    // "npm run scenario" would repeat it with another stand-in. The title may tell the profile: for truth.json alone.
    const command = `npm run gate -- ${one.scenario.name}`
    const side = ({ title, entry }: Checkout, plan: RunPlan) => {
      const where = runtime && { runtime }
      return { title, plan: { ...plan, ...where, serviceEntry: entry, command, replay: `${command} (${title})` } }
    }
    const job = {
      scenario: one.scenario.name,
      limits: one.limits,
      thresholds: one.thresholds,
      baseline: side(stored?.[index] ? { ...baseline, title: titleOf(stored[index]) } : baseline, one.baseline),
      stored: stored?.[index],
      candidate: side(isSame ? { ...candidate, title: `${candidate.title}: the same code` } : candidate, one.candidate),
      sides: { baseline: baseline.side, candidate: candidate.side },
    }
    const { result, playOn } = await playGate(job, options).catch((error: unknown) => {
      if (results.length === 0 || !(error instanceof StackError)) throw error
      return notStarted(job, error, options)
    })
    results.push(result)
    const history = await readGateHistory(join(dir, historyFile))
    page = await writeGateReports(join(dir, folderName(startedAt)), { ...told, results, history })
    if (request.update) {
      const { answer } = result.decision
      const kept = { ...candidate.side, answer, runs: answer === 'fail' ? [] : await playOn() }
      updated.push(...(await updateStoredBaseline(one.scenario, kept, options.baselinesDir)))
    }
    options.onFinished?.({ results: [...results], page, updated: [...updated] })
  }
  return { results, page, updated }
}

/** Images are looked for before anything starts, and both sides run where they are. `null`: there are none. */
async function findRuntime(
  { scenarios, candidate }: GateRequest,
  baseline: Side,
  { findEngineFor }: FindsEngine,
): Promise<'docker' | 'podman' | null> {
  const sides = [
    { flag: '--baseline', image: baseline.image },
    { flag: '--candidate', image: candidate.image },
  ]
  const wanted = sides.flatMap(({ flag, image }) => (image === undefined ? [] : [{ flag, image }]))
  if (wanted.length === 0) return null
  return findEngineFor(wanted, scenarios[0]?.candidate.runtime ?? 'auto')
}

function folderName(at: string): string {
  return at.slice(0, 19).replaceAll(':', '-')
}
