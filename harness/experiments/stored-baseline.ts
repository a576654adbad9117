import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { median } from 'simple-statistics'
import { z } from 'zod'
import { InputError } from '../errors.ts'
import { fewestThatFail, looks } from '../gate/decide.ts'
import type { ToldSide } from '../gate-history.ts'
import { type Decision, type GateAnswer, type Measured, type MetricName, metricNames } from '../gate-result.ts'
import { describeMachine } from '../manifest.ts'
import { writeJson } from '../record.ts'
import type { Scenario } from '../scenario.ts'
import { type Described, problemsOf } from '../schema.ts'
import { appliedLimitsSchema } from '../stack.ts'

const schemaVersion = 1
const projectDir = resolve(import.meta.dirname, '..', '..')
const baselinesDir = join(projectDir, 'results', 'baselines')

const value = z.number().nullable().optional()
const storedSchema = z.object({
  schemaVersion: z.literal(schemaVersion),
  scenario: z.string(),
  definition: z.string().describe('of the scenario: what was measured under another load is no baseline'),
  writtenAt: z.string().describe('ISO 8601'),
  commit: z.string().nullable().describe('of the stand-in that was run'),
  isChanged: z.boolean().optional().describe('whether that had changes that are in no commit'),
  limiter: appliedLimitsSchema.shape.limiter.nullable().optional().describe('null: not read back, or not the same'),
  host: z
    .string()
    .optional()
    .describe("of the machine's name, which is nobody's business: machines of a fleet are alike"),
  machine: z.object({ cpuModel: z.string(), cpus: z.number(), memoryBytes: z.number(), kernel: z.string() }),
  runs: z
    .array(
      z.object({
        unusable: z.null(),
        crashed: z.boolean(),
        values: z.object(
          Object.fromEntries(metricNames.map((name) => [name, value])) as Record<MetricName, typeof value>,
        ),
      }),
    )
    .min(1, 'holds no runs'),
})
/** results/baselines/<scenario>.json: runs of another day, the second-best thing to compare with. */
export type StoredBaseline = Described<typeof storedSchema>

/** @throws InputError with every problem at once */
export async function readStoredBaselines(
  gated: readonly { readonly scenario: Scenario }[],
  dir?: string,
): Promise<StoredBaseline[]> {
  const read = await Promise.allSettled(gated.map(({ scenario }) => readStoredBaseline(scenario, dir)))
  const problems = read.flatMap((one) => {
    if (one.status === 'fulfilled') return []
    if (one.reason instanceof InputError) return one.reason.problems
    throw one.reason
  })
  if (problems.length > 0) throw new InputError(problems)
  return read.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
}

export function titleOf({ writtenAt, commit, isChanged }: StoredBaseline): string {
  const of = commit ? ` (${commit.slice(0, 12)}${isChanged ? ', with changes' : ''})` : ''
  return `the stored baseline of ${writtenAt.slice(0, 10)}${of}`
}

/** @throws InputError where there is none of this scenario as it is defined now, or it cannot be read */
export async function readStoredBaseline(scenario: Scenario, dir = baselinesDir): Promise<StoredBaseline> {
  const path = fileOf(scenario, dir)
  const refuse = (why: string, cause?: unknown) =>
    new InputError([`--baseline stored: ${relative(process.cwd(), path)} ${why}`], { cause })
  const again = `npm run gate -- ${scenario.name} --update makes a new one`
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) throw refuse(`is not there: ${again}`)
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch (cause) {
    throw refuse(`is no JSON: ${(cause as Error).message}`, cause)
  }
  const stored = storedSchema.safeParse(found)
  if (!stored.success)
    throw refuse(`is no baseline of version ${schemaVersion}: ${problemsOf(stored.error).join('; ')}`)
  if (stored.data.scenario !== scenario.name) throw refuse(`is of another scenario, ${stored.data.scenario}`)
  if (stored.data.definition !== definitionOf(scenario)) {
    throw refuse(`was measured under another definition of ${scenario.name}: ${again}`)
  }
  return stored.data
}

/** What is to become the baseline, and what the gate said of it. */
export interface Kept extends Pick<ToldSide, 'commit' | 'isChanged'> {
  readonly answer: GateAnswer
  readonly runs: readonly Measured[]
}

/** Writes the candidate's usable runs as the new baseline, unless it failed. Gives lines that say what changed. */
export async function updateStoredBaseline(scenario: Scenario, candidate: Kept, dir = baselinesDir): Promise<string[]> {
  const runs = candidate.runs.filter((run) => run.unusable === null && !run.crashed)
  const path = fileOf(scenario, dir)
  const name = relative(process.cwd(), path)
  if (candidate.answer === 'fail') return [`${name}: not written: the candidate failed; what was there stays`]
  if (runs.length === 0) return [`${name}: not written, as no run of the candidate can be used`]
  const before = await readStoredBaseline(scenario, dir).catch((error: unknown) => {
    if (error instanceof InputError) return null
    throw error
  })
  const kept = runs.map(({ crashed, values }) => ({ unusable: null, crashed, values }))
  // A clone has none. Where it cannot be made, writing says so.
  await mkdir(dir, { recursive: true }).catch(() => {})
  await writeJson(path, {
    schemaVersion,
    scenario: scenario.name,
    definition: definitionOf(scenario),
    writtenAt: new Date().toISOString(),
    commit: candidate.commit,
    isChanged: candidate.isChanged,
    limiter: limiterOf(runs),
    host: hostHash(),
    machine: describeMachine(),
    runs: kept,
  })
  const changes = metricNames.flatMap((metric) => {
    const [was, is] = [before?.runs ?? [], kept].map((all) => middle(all, metric))
    return is === null || is === undefined ? [] : [`  ${metric}: ${was ?? 'none'} -> ${is}`]
  })
  return [
    `${name}: ${runs.length} runs, medians${before ? ` (before: ${before.writtenAt.slice(0, 10)})` : ''}`,
    ...changes,
    ...whatFewRunsMean(runs.length, scenario.gate?.length ?? 0),
  ]
}

function whatFewRunsMean(runs: number, limits: number): string[] {
  const fewest = fewestThatFail(limits)
  if (runs < fewest) {
    return [`  fewer than ${fewest} runs: nothing but lost events, thresholds and a crash can fail against them`]
  }
  return runs < looks[1] ? [`  fewer than ${looks[1]} runs: a candidate can pass against them, and hardly fail`] : []
}

/** Where a difference may be the machine's or the limiter's, nothing fails, and the result says why. */
export function softenFor(stored: StoredBaseline, decision: Decision, candidate: readonly Measured[]): Decision {
  const usable = candidate.filter(({ unusable }) => unusable === null)
  const differs = [...differencesOf(stored, usable)]
  if (differs.length === 0) return decision
  const because = `the stored baseline is ${differs.join(', and ')}: it warns, and fails nothing`
  const metrics = decision.metrics.map((metric) =>
    metric.answer === 'fail' && metric.limit.kind === 'change'
      ? { ...metric, answer: 'unknown' as const, because: `${metric.because}, by a baseline made elsewhere` }
      : metric,
  )
  const isBroken =
    [...metrics, ...decision.thresholds].some(({ answer }) => answer === 'fail') || decision.runs === 'fail'
  // What the machine has no part in, such as lost events, fails anywhere.
  const answer = decision.answer === 'fail' && !isBroken ? 'unknown' : decision.answer
  return { ...decision, answer, metrics, because: [...decision.because, because] }
}

/** What else than the candidate differs from then. */
function* differencesOf(stored: StoredBaseline, candidate: readonly Measured[]): Generator<string> {
  const here = describeMachine()
  const { cpuModel, cpus, memoryBytes, kernel } = stored.machine
  const isAlike = cpuModel === here.cpuModel && cpus === here.cpus && kernel === here.kernel
  if (!isAlike || memoryBytes !== here.memoryBytes) yield `of another machine (${cpus} x ${cpuModel}, kernel ${kernel})`
  else if (stored.host === undefined) yield 'of a machine that it does not name'
  else if (stored.host !== hostHash()) yield 'of another machine of the same kind'
  const limiter = limiterOf(candidate)
  if (stored.limiter === undefined || candidate.length === 0 || stored.limiter === limiter) return
  yield `made under another limiter (${stored.limiter ?? 'not known'}, here ${limiter ?? 'not known'})`
}

/** What limited all of these runs alike. */
function limiterOf(runs: readonly Measured[]): Measured['limiter'] | null {
  const found = new Set(runs.map(({ limiter }) => limiter ?? null))
  return found.size === 1 ? ([...found][0] ?? null) : null
}

function hostHash(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 12)
}

function middle(runs: readonly Pick<Measured, 'values'>[], metric: MetricName): number | null {
  const known = runs.flatMap(({ values }) => values[metric] ?? [])
  return known.length === 0 ? null : Number(median(known).toPrecision(4))
}

/** Of what is measured, and under which load: two scenarios of one definition can be compared. */
export function definitionOf({ load, client, service, limits, phases }: Scenario): string {
  const told = JSON.stringify({ load, client, service, limits, phases })
  return createHash('sha256').update(told).digest('hex').slice(0, 12)
}

function fileOf({ name }: Scenario, dir: string): string {
  return join(dir, `${name}.json`)
}
