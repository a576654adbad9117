import { Command } from 'commander'
import { InputError } from '../../errors.ts'
import type { RawFlags } from '../raw-flags.ts'
import type { Context } from '../resolve.ts'
import { pairsOf } from '../subject-flags.ts'
import { wholeNumber } from './campaign.ts'

export interface DiagnoseRequest {
  readonly command: 'diagnose'
  /** A folder, the name of a run, or `latest`. */
  readonly run: string
  /** Runs with something changed, at most. */
  readonly maxRuns: number
  /** Values of an image's variables, which are not recorded. */
  readonly subjectEnv: Readonly<Record<string, string>>
  readonly outDir: string | undefined
  readonly isResumed: boolean
  readonly json: boolean
  /** What changes are checked against. */
  readonly context: Context
}

const usualRuns = 6
const mostRuns = 50

export function diagnoseCommand(): Command {
  return new Command('diagnose')
    .description('do a crash again with one thing changed at a time: confirms or refutes each cause of it')
    .argument('[run]', 'a folder, the name of a run in results/runs, or "latest"', 'latest')
    .option('--max-runs <n>', `runs with something changed, at most (default: ${usualRuns})`)
    .option('--datastorage-env <K=V...>', "a variable of the run's image: values are not recorded (repeatable)")
    .option('--resume', 'go on with an interrupted diagnosis: --out, else the newest of this run')
    .option('--out <dir>', 'folder for the diagnosis (default: a new one in results/diagnoses)')
    .option('--json', 'print diagnosis.json alone')
    .addHelpText(
      'after',
      `
The run must have crashed. It is done again as it was, with the same seed; if the crash comes back, what may have caused it
is changed, one thing in each run: what must cure it, and what must make it worse. It ends as soon as no further run could
change an answer. The folder holds question.json, results.ndjson, diagnosis.json, diagnosis.md, and the records in runs/.

Exit codes: 0 each cause is confirmed or refuted; 3 some are not known; 4 bad input, or there was no crash; 5 no run could
start; 130 interrupted.`,
    )
}

/** @throws InputError with every problem at once, those found before included */
export function resolveDiagnose(
  run: string | undefined,
  flags: RawFlags,
  context: Context,
  problems: string[],
): DiagnoseRequest {
  const maxRuns = wholeNumber(flags['max-runs'], usualRuns, 1, mostRuns)
  if (maxRuns === null) problems.push(`--max-runs ${flags['max-runs']}: takes a whole number from 1 to ${mostRuns}`)
  const subjectEnv = pairsOf('datastorage-env', flags, problems)
  if (problems.length > 0 || maxRuns === null) throw new InputError(problems)
  return {
    command: 'diagnose',
    run: run ?? 'latest',
    maxRuns,
    subjectEnv,
    outDir: flags.out,
    isResumed: flags.resume !== undefined,
    json: flags.json !== undefined,
    context,
  }
}
