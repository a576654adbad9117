import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { clean } from '../containers/clean.ts'
import { findEngineFor } from '../containers/engine-for.ts'
import { findEngine } from '../containers/engines.ts'
import { faults } from '../containers/faults/index.ts'
import { buildImages } from '../containers/images/index.ts'
import { checkProfileOptions, profileNames } from '../containers/profiles.ts'
import { scenarios } from '../scenarios/index.ts'
import { options } from '../scenarios/options.ts'
import { runsApart } from './apart/index.ts'
import { type BlindRuntime, tallyOf } from './blind-trial.ts'
import { parseCommandLine, type Request } from './command-line/parse.ts'
import { exitCodes, firstOf, InputError, InterruptedError, messageOf, StackError } from './errors.ts'
import { readManifest, readVerdict } from './evidence.ts'
import { conductBisect } from './experiments/bisect/conduct.ts'
import { blind } from './experiments/blind/blind.ts'
import type { Means } from './experiments/campaign/carry-out.ts'
import { conductCompare } from './experiments/compare/conduct.ts'
import { conductGate } from './experiments/conduct-gate.ts'
import { conductDiagnosis } from './experiments/diagnose/conduct.ts'
import { gateProof, proveGate } from './experiments/gate-proof/prove-gate.ts'
import { conductOptions } from './experiments/options/conduct.ts'
import { listProofs } from './experiments/proofs/index.ts'
import { prove } from './experiments/prove.ts'
import { proveTruth } from './experiments/truth.ts'
import { createAsk, whatIf } from './experiments/what-if.ts'
import { hypotheses } from './hypotheses/index.ts'
import { listenForInterruption } from './interruption.ts'
import { accountRecord } from './judgement/accounting.ts'
import { describeGit, describeMachine, type RunPlan } from './manifest.ts'
import { recordFiles } from './record.ts'
import { readRecordedLoad } from './recorded-load.ts'
import { renderForecast } from './report/forecast.ts'
import { addToStepSummary, appendStepSummary } from './report/index.ts'
import { createProgress, type Progress } from './report/progress.ts'
import { fromHere, renderSummary } from './report/terminal.ts'
import { describeAccounting } from './report/words.ts'
import { judgeRun, run, saveVerdict } from './run.ts'
import { claimRunFolder, createRunId, findRun, runsDir } from './run-folder.ts'
import type { Verdict } from './verdict.ts'

const proofs = listProofs(scenarios)

/** argv in, exit code out. Prints results on stdout, all else on stderr. */
export async function main(argv: readonly string[]): Promise<number> {
  using progress = createProgress(process.stderr)
  using interruption = listenForInterruption(() => progress.say('stopping'))
  try {
    const request = parseCommandLine(argv, {
      ...describeMachine(),
      scenarios,
      options,
      profiles: profileNames,
      checkProfileOptions,
      causes: hypotheses.filter(({ role }) => role !== 'instrument').map(({ name }) => name),
      proofs: [truthProof, ...proofs.map((proof) => proof.name), gateProof.name],
      faults,
      recordedLoad: readRecordedLoad,
    })
    return await carryOut(request, progress, interruption.signal)
  } catch (error) {
    progress[Symbol.dispose]()
    return explain(error)
  }
}

async function carryOut(request: Request, progress: Progress, signal: AbortSignal): Promise<number> {
  switch (request.command) {
    case 'help':
      process.stdout.write(request.text)
      return exitCodes.held
    case 'list':
      for (const { name, description } of scenarios) process.stdout.write(`${name.padEnd(20)}${description}\n`)
      process.stdout.write(`${'options'.padEnd(20)}all of the report's options and further cures, in one table\n`)
      process.stdout.write('\nfaults, for --fault:\n')
      for (const { name, description } of faults) process.stdout.write(`${name.padEnd(20)}${description}\n`)
      return exitCodes.held
    case 'clean': {
      const removed = await clean()
      process.stdout.write(
        removed.length === 0 ? 'nothing was left behind\n' : `removed ${removed.join('\nremoved ')}\n`,
      )
      return exitCodes.held
    }
    case 'images': {
      const engine = await findEngine(request.engine, signal)
      progress.say(`${engine.name} ${engine.version} at ${engine.host}`)
      const onProgress = (message: string) => progress.say(message)
      const images = await buildImages(engine, { ...request, signal, onProgress })
      progress[Symbol.dispose]()
      for (const { tag, built } of images) process.stdout.write(`${built ? 'built    ' : 'unchanged'}  ${tag}\n`)
      return exitCodes.held
    }
    case 'scenario': {
      const dir = request.outDir ?? join(runsDir, createRunId(request.plan.scenario.name, new Date()))
      await claimRunFolder(dir)
      const verdict = await run(request.plan, dir, progress, signal).catch((error: unknown) => {
        progress[Symbol.dispose]()
        process.stderr.write(`culprit: the record up to here is in ${dir}\n`)
        throw error
      })
      await appendStepSummary(await readManifest(dir), verdict).catch(complain)
      return show(verdict, dir, request.json, progress, request.plan.replay)
    }
    case 'judge': {
      const dir = await findRun(request.run)
      if (request.accountingOnly) {
        const accounting = await accountRecord(dir)
        const text = `${accounting.emitted} events: ${describeAccounting({ accounting }).join(', ')}`
        process.stdout.write(`${request.json ? JSON.stringify(accounting, null, 2) : text}\n`)
        return exitCodes.held
      }
      const verdict = await judgeRun(dir)
      await saveVerdict(dir, verdict).catch((error: unknown) => {
        process.stderr.write(`culprit: judged, but the verdict could not be written to ${dir}: ${messageOf(error)}\n`)
      })
      return show(verdict, dir, request.json, progress)
    }
    case 'report': {
      const dir = await findRun(request.run)
      const verdict = (await readVerdict(dir)) ?? (await judgeRun(dir))
      await saveVerdict(dir, verdict)
      process.stdout.write(`${join(dir, recordFiles.page)}\n`)
      return exitCodes.held
    }
    case 'predict': {
      const forecast = await whatIf(request, judgeRun, signal)
      process.stdout.write(
        request.json ? `${JSON.stringify(forecast, null, 2)}\n` : renderForecast(forecast, process.stdout),
      )
      return exitCodes.held
    }
    case 'gate': {
      const say = (message: string) => process.stderr.write(`gate: ${message}\n`)
      const print = (text: string) => {
        progress[Symbol.dispose]()
        process.stdout.write(text)
      }
      return conductGate(request, {
        runOnce: runsApart(progress, signal),
        findEngineFor: (wanted, runtime) => findEngineFor(wanted, runtime, { signal, onProgress: say }),
        say,
        print,
        summarise: (markdown) => addToStepSummary(markdown).catch(complain),
      })
    }
    case 'blind': {
      const { text, page, trials } = await blind({ ...(await blindMeans(progress, signal)), ...request })
      process.stdout.write(`${text}\npage: ${fromHere(page)}\n`)
      return tallyOf(trials).by.wrong === 0 ? exitCodes.held : exitCodes.notHeld
    }
    case 'compare':
      return conductCompare(request, await meansOf(request.command, progress, signal), process.stdout)
    case 'bisect':
      return conductBisect(request, await meansOf(request.command, progress, signal), process.stdout)
    case 'diagnose': {
      const judging = { hypotheses, judge: judgeRun }
      return conductDiagnosis(request, judging, await meansOf(request.command, progress, signal), process.stdout)
    }
    case 'options':
      return conductOptions(request, await meansOf(request.command, progress, signal), process.stdout)
    case 'prove':
      return proveAll(request.name, request.runs, progress, signal)
  }
}

/** One run of an experiment. */
function runWith(progress: Progress, signal: AbortSignal) {
  return (plan: RunPlan, dir: string) => run(plan, dir, progress, signal)
}

async function blindMeans(progress: Progress, signal: AbortSignal) {
  const scenario = scenarios.find(({ name }) => name === 'blind')
  if (!scenario) throw new Error('there is no scenario blind')
  const say = (message: string) => process.stderr.write(`blind: ${message}\n`)
  const commit = await describeCommit()
  return { scenario, faults, runOnce: runWith(progress, signal), say, signal, commit }
}

const truthProof = 'truth'

/** Why an engine cannot be had here; null: it can. */
async function whyNoEngine(runtime: BlindRuntime, signal: AbortSignal): Promise<string | null> {
  if (runtime === 'embedded') return null
  return findEngine(runtime, signal).then(() => null, messageOf)
}

/** What experiments of many runs need of the world. */
async function meansOf(command: string, progress: Progress, signal: AbortSignal): Promise<Means> {
  return {
    ask: createAsk(signal),
    commit: await describeCommit(),
    runOnce(plan, dir, what) {
      const say = (message: string) => progress.say(`${what}: ${message}`)
      return run(plan, dir, { ...progress, say }, signal)
    },
    say(line) {
      progress[Symbol.dispose]()
      process.stderr.write(`${command}: ${line}\n`)
    },
  }
}

async function describeCommit(): Promise<string> {
  const git = await describeGit()
  return git ? `${git.commit}${git.dirty ? '+' : ''}` : 'none'
}

async function proveAll(
  name: string | undefined,
  runs: number | undefined,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const commit = await describeCommit()
  const say = (message: string) => process.stderr.write(`prove: ${message}\n`)
  let held: boolean | null = true
  if (name === undefined || name === truthProof) {
    const means = await blindMeans(progress, signal)
    const proven = await proveTruth({ ...means, runs, whyNot: (runtime) => whyNoEngine(runtime, signal) })
    process.stdout.write(`${proven.text}\n`)
    held = proven.held
  }
  const means = { commit, runOnce: runWith(progress, signal), judgeAgain: judgeRun, say }
  for (const proof of proofs.filter((candidate) => name === undefined || candidate.name === name)) {
    const proven = await prove(proof, { runs: runs ?? 10, ...means })
    process.stdout.write(`${proven.table}\ntable: ${proven.tableFile}\n`)
    held &&= proven.held
  }
  if (name === undefined || name === gateProof.name) {
    const runOnce = runsApart(progress, signal)
    const proven = await proveGate(scenarios, { ...means, runs: runs ?? gateProof.runs, runOnce })
    process.stdout.write(`${proven.table}\ntable: ${fromHere(proven.tableFile)}\n`)
    // Too few runs to tell are no failure, and no proof.
    held &&= proven.held
  }
  if (held === null) return exitCodes.notKnown
  return held ? exitCodes.held : exitCodes.notHeld
}

function complain(error: unknown): void {
  process.stderr.write(`culprit: the step summary could not be written: ${messageOf(error)}\n`)
}

/** @param command what repeats the run; by default what the record says, which leaves out the profile */
async function show(
  verdict: Verdict,
  dir: string,
  json: boolean,
  progress: Progress,
  command?: string,
): Promise<number> {
  const manifest = await readManifest(dir)
  const replay = command ?? manifest.command
  const page = join(dir, recordFiles.page)
  progress[Symbol.dispose]()
  process.stdout.write(
    json
      ? `${JSON.stringify(verdict, null, 2)}\n`
      : renderSummary(verdict, manifest, { dir, ...(existsSync(page) && { page }), replay, stream: process.stdout }),
  )
  return verdict.expectation.exitCode
}

/** Says on stderr what went wrong and what to do, and gives the exit code. An error of our own making keeps Node's 1. */
function explain(thrown: unknown): number {
  // What failed while the rest was being stopped must not hide what came first.
  const error = firstOf(thrown)
  const print = (line: string) => process.stderr.write(`${line}\n`)
  if (error instanceof InputError) {
    for (const problem of error.problems) print(`culprit: ${problem}`)
    print('nothing was started (exit 4); --help shows commands and flags')
    return exitCodes.badInput
  }
  if (error instanceof InterruptedError) {
    print('culprit: interrupted; everything was stopped (exit 130)')
    return exitCodes.interrupted
  }
  if (error instanceof StackError) {
    print(`culprit: ${error.message}`)
    for (const line of error.logTail) print(`  | ${line}`)
    if (error.hint) print(`try: ${error.hint}`)
    print('nothing was judged (exit 5)')
    return exitCodes.stack
  }
  print(`culprit: a fault of Culprit itself: ${error instanceof Error ? error.stack : String(error)}`)
  return 1
}
