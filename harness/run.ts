import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startStack } from '../containers/stack.ts'
import { createClock } from './clock.ts'
import { readBack, startCollector } from './collector/index.ts'
import { InterruptedError } from './errors.ts'
import { readEvidence, readManifest } from './evidence.ts'
import { hypotheses } from './hypotheses/index.ts'
import { judge } from './judgement/judge.ts'
import { describeRun, type RunPlan } from './manifest.ts'
import { createRecord, type RecordWriter, recordFiles } from './record.ts'
import { writeReports } from './report/index.ts'
import type { Progress } from './report/progress.ts'
import type { EndReason } from './sample.ts'
import type { Stack } from './stack.ts'
import type { Verdict } from './verdict.ts'
import { drive, warmUp } from './workload/index.ts'

/**
 * One run: scenario, stack, workload, record, verdict, report. The record in `dir` is readable however this ends.
 *
 * @throws StackError when a part does not start, InterruptedError when `signal` aborts
 */
export async function run(plan: RunPlan, dir: string, progress: Progress, signal: AbortSignal): Promise<Verdict> {
  const { service, limits } = plan.scenario
  await using record = await createRecord(dir, await describeRun(plan, basename(dir)), { service, replay: plan.replay })
  try {
    const startedMs = performance.now()
    progress.say('starting PostgreSQL, Redis and DataStorage')
    const logFile = join(dir, recordFiles.log)
    await using stack = await startStack(
      { runtime: plan.runtime, service, limits, logFile, onProgress: progress.say },
      signal,
    )
    await observe(plan, stack, record, performance.now() - startedMs, progress, signal)
  } catch (error) {
    const reason = signal.aborted ? 'interrupted' : 'error'
    record.event({ kind: 'end', t: 0, reason, message: error instanceof Error ? error.message : String(error) })
    throw signal.aborted ? new InterruptedError('interrupted', { cause: error }) : error
  }
  await record.close()
  progress.say('judging')
  return judgeRun(dir)
}

/** Drives the load while the probes run, and reads the database back. Everything it sees goes into the record. */
async function observe(
  { scenario, seed }: RunPlan,
  stack: Stack,
  record: RecordWriter,
  tookMs: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { load, client, phases } = scenario
  const clock = createClock(phases.warmUpMs + settleMs)
  const { versions, datastorage } = stack
  record.event({ kind: 'stack-ready', t: clock.now(), tookMs: Math.round(tookMs), pid: datastorage.pid, versions })
  record.event({ kind: 'limits', t: clock.now(), ...datastorage.limits })

  await using collector = startCollector({ stack, clock, probe: record.probe, event: record.event })
  const over = new AbortController()
  const stop = AbortSignal.any([signal, over.signal])
  const runId = basename(record.dir)
  const workload = {
    load,
    client,
    seed,
    runId,
    clock,
    baseUrl: datastorage.baseUrl,
    sample: record.sample,
    signal: stop,
  }
  progress.say('warming up')
  record.event({ kind: 'warm-up', ...(await warmUp({ ...workload, warmUpMs: phases.warmUpMs })), t: clock.now() })
  await wait(Math.max(0, -clock.now()), undefined, { signal })
  record.event({ kind: 'burst', t: clock.now(), at: new Date(clock.burstAtEpochMs).toISOString() })

  const driving = drive(workload)
  progress.watch(() => ({ atMs: clock.now(), load, limits: scenario.limits, ...driving.live, ...collector.latest }))
  const ending: Promise<EndReason>[] = [
    driving.done.then(() => collector.drained(stop)).then(() => 'drained'),
    collector.died.then(() => wait(phases.afterDeathMs, undefined, { signal: stop })).then(() => 'died'),
    wait(phases.maxMs - clock.now(), undefined, { signal: stop }).then(() => 'time-limit'),
  ]
  try {
    const reason = await Promise.race(ending)
    over.abort()
    await driving.done
    await collector.stop()
    record.event({ kind: 'end', t: clock.now(), reason })
  } finally {
    over.abort()
    await Promise.allSettled([...ending, driving.done])
  }
  progress.say('reading the database back')
  await readBack({
    postgresUrl: stack.postgres.connectionString,
    runId,
    live: driving.live,
    write: record.stored,
    clock,
  })
}

/** The probes' own start must not fall into the burst. */
const settleMs = 250

/** Judges a recorded run, from its folder alone, and writes verdict and report beside the record. */
export async function judgeRun(dir: string): Promise<Verdict> {
  const manifest = await readManifest(dir)
  const verdict = judge(manifest, await readEvidence(dir), hypotheses)
  await writeReports(dir, manifest, verdict)
  return verdict
}
