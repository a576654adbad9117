import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type BlindRuntime, type BlindTrial, scoreOf } from '../../blind-trial.ts'
import type { Fault } from '../../fault.ts'
import { nameChoice } from '../../fault.ts'
import type { RunPlan } from '../../manifest.ts'
import { recordFiles, type Truth, truthSchema, writeText } from '../../record.ts'
import { writeBlindReports } from '../../report/blind/index.ts'
import type { Scenario } from '../../scenario.ts'
import type { Verdict } from '../../verdict.ts'
import { copyForJudge } from './copy-for-judge.ts'
import { type Draw, draw } from './draw.ts'

export interface BlindOptions {
  readonly scenario: Scenario
  readonly faults: readonly Fault[]
  readonly seed: number
  readonly runs: number
  readonly runtime: BlindRuntime
  readonly runOnce: (plan: RunPlan, dir: string) => Promise<Verdict>
  readonly say: (message: string) => void
  readonly signal: AbortSignal
  /** Of the code that judges. */
  readonly commit: string
  /** results/blind unless given. */
  readonly dir?: string | undefined
}

const projectDir = resolve(import.meta.dirname, '..', '..', '..')

/**
 * Draws faults from a seed, runs them, and has each verdict made by another process on a copy of the record without
 * anything that could tell. Runs that are there already are kept, and judged again by the present code.
 */
export async function blind(
  options: BlindOptions,
): Promise<{ text: string; page: string; trials: readonly BlindTrial[] }> {
  const { faults, seed, runs, runtime, say, signal } = options
  const folder = runtime === 'embedded' ? `seed-${seed}` : `seed-${seed}-${runtime}`
  const dir = join(options.dir ?? join(projectDir, 'results', 'blind'), folder)
  await mkdir(dir, { recursive: true })
  const trials: BlindTrial[] = []
  for (const one of draw(faults, seed, runs)) {
    signal.throwIfAborted()
    const runDir = join(dir, `run-${String(one.index).padStart(3, '0')}`)
    const startedMs = performance.now()
    const isThere = await isComplete(runDir)
    if (!isThere) {
      await rm(runDir, { recursive: true, force: true })
      await options.runOnce(planOf(one, options.scenario, runtime), runDir)
    }
    const durationMs = isThere ? await keptDurationMs(runDir) : performance.now() - startedMs
    if (!isThere) await writeText(join(runDir, 'duration.json'), `${JSON.stringify({ durationMs })}\n`)
    const judged = await judgeOne(one, runDir, durationMs, signal)
    trials.push(judged)
    say(
      `run ${one.index} of ${runs}: ${judged.faults.join(' + ') || 'no fault'}: ${scoreOf(judged)}${
        scoreOf(judged) === 'right' ? '' : ` (named: ${judged.named.join(', ') || 'none'})`
      }`,
    )
  }
  const written = await writeBlindReports(dir, { seed, trials, planned: runs, commit: options.commit })
  return { ...written, trials }
}

function planOf({ faults, seed }: Draw, base: Scenario, runtime: BlindRuntime): RunPlan {
  const scenario = faults.reduce((made, { fault, level }) => fault.prepare?.(made, level) ?? made, base)
  const command = `npm run scenario ${base.name} -- --seed ${seed} --runtime ${runtime}`
  const chosen = faults.map(nameChoice).join('+')
  return {
    scenario,
    seed,
    runtime,
    limiter: 'auto',
    faults,
    expect: { expectation: 'any', from: 'a changed knob' },
    command,
    replay: chosen ? `${command} --fault ${chosen}` : command,
  }
}

/** Whether a run got to its verdict: truth.json has been written a second time by then. */
async function isComplete(runDir: string): Promise<boolean> {
  return stat(join(runDir, recordFiles.verdict)).then(
    () => true,
    () => false,
  )
}

async function keptDurationMs(runDir: string): Promise<number> {
  const text = await readFile(join(runDir, 'duration.json'), 'utf8').catch(() => '{}')
  return (JSON.parse(text) as { durationMs?: number }).durationMs ?? 0
}

async function judgeOne(one: Draw, runDir: string, durationMs: number, signal: AbortSignal): Promise<BlindTrial> {
  const truth: Truth = truthSchema.parse(JSON.parse(await readFile(join(runDir, recordFiles.truth), 'utf8')))
  const done = truth.faults ?? []
  // A folder with a name that says nothing.
  const copy = join(runDir, 'for-the-judge')
  await copyForJudge(runDir, copy)
  const verdict = await judgeApart(copy, signal)
  await rm(copy, { recursive: true, force: true })
  const drawn = [...new Set(one.faults.flatMap(({ fault }) => fault.causes))]
  const named = verdict.chain.map(({ hypothesis }) => hypothesis)
  // Missed, or named for nothing.
  const amiss = verdict.findings.filter(({ hypothesis }) => drawn.includes(hypothesis) !== named.includes(hypothesis))
  return {
    index: one.index,
    faults: one.faults.map(nameChoice),
    seed: one.seed,
    drawn,
    named,
    tookEffect: done.every(({ tookEffect }) => tookEffect === true),
    effect: done.map(({ name, because }) => `${name}: ${because}`).join('; '),
    reasons: amiss.map(({ label, answer, because }) => `${label} is ${answer}: ${because}`),
    durationMs: Math.round(durationMs),
    run: runDir,
    replay: truth.replay,
  }
}

/** Another process, which is given the copy alone. */
function judgeApart(dir: string, signal: AbortSignal): Promise<Verdict> {
  const judge = [join(projectDir, 'harness', 'culprit.js'), 'judge', dir, '--json']
  return new Promise((resolve, reject) => {
    execFile(process.execPath, judge, { signal, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      // The exit code says whether an expectation held, which nobody asks here.
      if (stdout.startsWith('{')) resolve(JSON.parse(stdout) as Verdict)
      else reject(new Error(`${dir} could not be judged: ${stderr}`, { cause: error }))
    })
  })
}
