import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startStack } from '../containers/stack.ts'
import { type Clock, createClock } from './clock.ts'
import { readBack, readQueueBack, recover, startCollector } from './collector/index.ts'
import { InterruptedError, messageOf } from './errors.ts'
import { readEvidence, readManifest } from './evidence.ts'
import { hypotheses } from './hypotheses/index.ts'
import { checkFaults, inject } from './injection/index.ts'
import { judge } from './judgement/judge.ts'
import { describeRun, type RunPlan } from './manifest.ts'
import { lookBack } from './prediction/look-back.ts'
import { predict } from './prediction/predict.ts'
import type { PredictionInput } from './prediction.ts'
import { createRecord, type RecordWriter, recordFiles, type Truth, writeJson } from './record.ts'
import { writeReports } from './report/index.ts'
import type { Progress } from './report/progress.ts'
import type { AuditCheck, EndReason } from './sample.ts'
import type { Checks } from './scenario.ts'
import type { Stack } from './stack.ts'
import type { Verdict } from './verdict.ts'
import { drive, preparationMs, runChecks, startCrew, warmUp } from './workload/index.ts'
import { planLoad } from './workload/life-cycle.ts'

/**
 * One run: scenario, stack, workload, record, verdict, report. The record in `dir` is readable however this ends.
 *
 * @throws StackError when a part does not start, InterruptedError when `signal` aborts
 */
export async function run(plan: RunPlan, dir: string, progress: Progress, signal: AbortSignal): Promise<Verdict> {
  const { service, limits, phases } = plan.scenario
  const faults = plan.faults ?? []
  const planned = faults.map(({ fault: { name, causes }, level }) => {
    return { name, level, causes, tookEffect: null, because: 'not checked' }
  })
  const truth: Truth = { service, replay: plan.replay, ...(planned.length > 0 && { faults: planned }) }
  await using record = await createRecord(dir, await describeRun(plan, basename(dir)), truth)
  // A record that cannot be written ends the run as an interruption does: at once, with everything stopped.
  const stop = AbortSignal.any([signal, record.broken])
  let notes: readonly string[] = []
  let clock: Clock | null = null
  try {
    if (plan.subject?.kind !== 'target') progress.say('starting PostgreSQL, Redis and DataStorage')
    const logFile = join(dir, recordFiles.log)
    const { runtime, limiter, subject, subjectEnv, images, serviceEntry } = plan
    const stopsDatabase = faults.some(({ fault }) => fault.stopsDatabase)
    const what = { runtime, limiter, subject, subjectEnv, images, service, limits, serviceEntry, stopsDatabase }
    const options = { ...what, logFile, onProgress: progress.say }
    await using stack = stopOrSay(await startStack(options, stop), progress)
    // Ahead of the clock, which counts down to the burst: they take as long as they take.
    const before = await checkAudit('before-load', plan, stack, record.dir, progress, stop)
    clock = createClock(preparationMs(plan.scenario.load) + phases.warmUpMs + settleMs)
    notes = await observe(plan, stack, clock, record, progress, stop)
    const after = await checkAudit('after-load', plan, stack, record.dir, progress, stop)
    for (const result of [...before, ...after]) record.event({ kind: 'check', t: clock.now(), ...result })
    if (plan.recovers) await seeWhatComesBack(plan, stack, clock, record, progress, stop)
    stop.throwIfAborted()
  } catch (thrown) {
    const error = record.broken.aborted ? record.broken.reason : thrown
    const reason = signal.aborted ? 'interrupted' : 'error'
    record.event({ kind: 'end', t: clock?.now() ?? 0, reason, message: messageOf(error) })
    throw signal.aborted ? new InterruptedError('interrupted', { cause: error }) : error
  }
  await record.close()
  if (faults.length > 0) {
    const done = await checkFaults(faults, notes, { dir, log: join(dir, recordFiles.log) })
    await writeJson(join(dir, recordFiles.truth), { ...truth, faults: done } satisfies Truth)
  }
  const verdict = await judgeRun(dir)
  await saveVerdict(dir, verdict).catch((error: unknown) => {
    progress.say(`judged, but the verdict and its reports could not be written: ${messageOf(error)}`)
  })
  return verdict
}

/** The report's audit tests as checks against the API, where the scenario wants them at this point. */
async function checkAudit(
  when: Checks,
  { scenario }: RunPlan,
  stack: Stack,
  dir: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<AuditCheck[]> {
  if (scenario.checks !== when) return []
  progress.say('checking the audit flows')
  return runChecks({ baseUrl: stack.datastorage.baseUrl, client: scenario.client, runId: basename(dir), signal })
}

async function seeWhatComesBack(
  { scenario }: RunPlan,
  stack: Stack,
  clock: Clock,
  { dir, event, stored }: RecordWriter,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const hasDied = await Promise.race([stack.datastorage.exited.then(() => true), wait(0, false)])
  // Where an engine starts it again, that has happened by now.
  const isDead = hasDied && scenario.service.restart !== 'on-failure'
  progress.say(`${isDead ? 'starting DataStorage again, ' : ''}waiting for the dead-letter queue to drain`)
  await recover({ stack, runId: basename(dir), clock, isDead, event, stored, signal })
}

/** A part that does not stop in good order must not cost a finished run its verdict: it is said, and `clean` is named. */
function stopOrSay(stack: Stack, progress: Progress): Stack {
  const dispose = async () => {
    try {
      await stack[Symbol.asyncDispose]()
    } catch (error) {
      progress.say(`something was left behind: ${messageOf(error)}; "npm run clean" removes it`)
    }
  }
  return { ...stack, [Symbol.asyncDispose]: dispose }
}

/** The probes' own start must not fall into the burst. */
const settleMs = 250

/**
 * Drives the load while the probes run and faults from outside are done, and reads the database back. Everything it sees
 * goes into the record; what was done is returned, and stays out of it.
 */
async function observe(
  { scenario, seed, faults = [] }: RunPlan,
  stack: Stack,
  clock: Clock,
  record: RecordWriter,
  progress: Progress,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { load, client, phases, limits } = scenario
  const { pid, baseUrl, limits: applied } = stack.datastorage
  const runId = basename(record.dir)
  record.event({ kind: 'stack-ready', t: clock.now(), runtime: stack.runtime, pid, versions: stack.versions })
  if (applied) record.event({ kind: 'limits', t: clock.now(), ...applied })

  await using collector = startCollector({ stack, clock, probe: record.probe, event: record.event })
  using over = abortAtEnd(signal)
  // Ahead of the warm-up: to start a thread, or to prepare many RRs, takes longer than there is time between it and the burst.
  await using crew = load.workers === undefined ? null : startCrew(load.workers, record.samples)
  const workload = { load, client, seed, runId, clock, baseUrl, sample: record.sample, signal: over.signal }
  progress.say('warming up')
  const driving = drive({ ...workload, crew })
  driving.done.catch(() => {}) // it is heard of below
  record.event({ kind: 'warm-up', ...(await warmUp({ ...workload, phases })), t: clock.now() })
  await wait(Math.max(0, -clock.now()), undefined, { signal })
  record.event({ kind: 'burst', t: clock.now(), at: new Date(clock.burstAtEpochMs).toISOString() })
  const injection = inject({ faults, stack, clock, seed, signal, over: over.signal })
  progress.watch(() => ({ atMs: clock.now(), limits, ...driving.live, ...collector.latest }))
  const reason = await Promise.race<EndReason>([
    driving.done.then(async () => {
      const reason = await collector.drained(over.signal)
      return wait(Math.max(0, (phases.minMs ?? 0) - clock.now()), reason, { signal: over.signal })
    }),
    collector.died.then(() => wait(phases.afterDeathMs, 'died', { signal: over.signal })),
    wait(phases.maxMs - clock.now(), 'time-limit', { signal: over.signal }),
  ])
  over.abort()
  await Promise.all([driving.done, injection.done])
  await collector.stop()
  // An end is claimed only of what is on record to the last line.
  const endMs = clock.now()
  await record.written()
  record.event({ kind: 'end', t: endMs, reason })

  progress.say('reading the database back')
  const reading = { runId, clock, write: record.stored }
  const say = (what: string) => (error: unknown) =>
    progress.say(`the ${what} could not be read back: ${messageOf(error)}`)
  // The queue before the database: what leaves it meanwhile goes there.
  const { redis, postgres } = stack
  if (redis) await readQueueBack({ ...reading, redisUrl: redis.url }).catch(say('dead-letter queue'))
  if (postgres) await readBack({ ...reading, postgresUrl: postgres.connectionString }).catch(say('database'))
  return injection.notes
}

/** Aborts with `signal`, when told to, and in any case when the scope is left. */
function abortAtEnd(signal: AbortSignal) {
  const controller = new AbortController()
  const abort = () => controller.abort()
  return { signal: AbortSignal.any([signal, controller.signal]), abort, [Symbol.dispose]: abort }
}

/** Judges a recorded run, from its folder alone, with nothing running. */
export async function judgeRun(dir: string): Promise<Verdict> {
  return judge(await readManifest(dir), await readEvidence(dir), hypotheses)
}

/** Writes verdict and reports beside the record, from the record alone. */
export async function saveVerdict(dir: string, verdict: Verdict): Promise<void> {
  const manifest = await readManifest(dir)
  const ask = async (input: PredictionInput) => predict(input)
  const foreseen = await lookBack(manifest, () => readEvidence(dir), verdict, planLoad, ask)
  await writeReports(dir, manifest, verdict, foreseen)
}
