import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { median } from 'simple-statistics'
import { z } from 'zod'
import { InputError } from '../errors.ts'
import { looks } from '../gate/decide.ts'
import { type Decision, type Measured, type MetricName, metricNames } from '../gate-result.ts'
import { describeGit, describeMachine } from '../manifest.ts'
import { writeJson } from '../record.ts'
import type { Scenario } from '../scenario.ts'
import { type Described, problemsOf } from '../schema.ts'

const schemaVersion = 1
const projectDir = resolve(import.meta.dirname, '..', '..')
const baselinesDir = join(projectDir, 'results', 'baselines')

const value = z.number().nullable().optional()
const storedSchema = z.object({
  schemaVersion: z.literal(schemaVersion),
  scenario: z.string(),
  definition: z.string().describe('of the scenario: what was measured under another load is no baseline'),
  writtenAt: z.string().describe('ISO 8601'),
  commit: z.string().nullable(),
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
export async function readStoredBaselines(scenarios: readonly Scenario[]): Promise<StoredBaseline[]> {
  const read = await Promise.allSettled(scenarios.map((scenario) => readStoredBaseline(scenario)))
  const problems = read.flatMap((one) => {
    if (one.status === 'fulfilled') return []
    if (one.reason instanceof InputError) return one.reason.problems
    throw one.reason
  })
  if (problems.length > 0) throw new InputError(problems)
  return read.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
}

export function titleOf({ writtenAt, commit }: StoredBaseline): string {
  return `the stored baseline of ${writtenAt.slice(0, 10)}${commit ? ` (${commit.slice(0, 12)})` : ''}`
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

/** Writes the candidate's usable runs as the new baseline. Gives lines that say what changed. */
export async function updateStoredBaseline(
  scenario: Scenario,
  candidate: readonly Measured[],
  dir = baselinesDir,
): Promise<string[]> {
  const runs = candidate.filter((run) => run.unusable === null && !run.crashed)
  const path = fileOf(scenario, dir)
  const name = relative(process.cwd(), path)
  if (runs.length === 0) return [`${name}: not written, as no run of the candidate can be used`]
  const before = await readStoredBaseline(scenario, dir).catch((error: unknown) => {
    if (error instanceof InputError) return null
    throw error
  })
  const kept = runs.map(({ crashed, values }) => ({ unusable: null, crashed, values }))
  await writeJson(path, {
    schemaVersion,
    scenario: scenario.name,
    definition: definitionOf(scenario),
    writtenAt: new Date().toISOString(),
    commit: (await describeGit())?.commit ?? null,
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
    ...(runs.length < looks[1]
      ? [`  fewer than ${looks[1]} runs: a candidate can pass against them, and hardly fail`]
      : []),
  ]
}

/** On another machine a difference may be the machine's: nothing fails there, and the result says why. */
export function softenFor(stored: StoredBaseline, decision: Decision): Decision {
  const here = describeMachine()
  const { cpuModel, cpus, memoryBytes, kernel } = stored.machine
  const isSame = cpuModel === here.cpuModel && cpus === here.cpus && kernel === here.kernel
  if (isSame && memoryBytes === here.memoryBytes) return decision
  const because = `the stored baseline is of another machine (${cpus} x ${cpuModel}, kernel ${kernel}): it warns, and fails nothing`
  const metrics = decision.metrics.map((metric) =>
    metric.answer === 'fail' && metric.limit.kind === 'change'
      ? { ...metric, answer: 'unknown' as const, because: `${metric.because}, by a baseline of another machine` }
      : metric,
  )
  const isBroken =
    [...metrics, ...decision.thresholds].some(({ answer }) => answer === 'fail') || decision.runs === 'fail'
  // What the machine has no part in, such as lost events, fails anywhere.
  const answer = decision.answer === 'fail' && !isBroken ? 'unknown' : decision.answer
  return { ...decision, answer, metrics, because: [...decision.because, because] }
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
