import { parseArgs } from 'node:util'
import { Command, Option } from 'commander'
import { type BlindRuntime, blindRuntimes } from '../blind-trial.ts'
import { InputError } from '../errors.ts'
import type { RunPlan } from '../manifest.ts'
import type { Option as ScenarioOption } from '../scenario.ts'
import { type BisectRequest, bisectCommand, resolveBisect } from './commands/bisect.ts'
import { type CompareRequest, compareCommand, resolveCompare } from './commands/compare.ts'
import { type DiagnoseRequest, diagnoseCommand, resolveDiagnose } from './commands/diagnose.ts'
import { type GateRequest, gateCommand, resolveGate } from './commands/gate.ts'
import { type OptionsRequest, optionsCommand, resolveOptions } from './commands/options.ts'
import { type PredictRequest, predictCommand, resolvePredict } from './commands/predict.ts'
import { knobs } from './knobs.ts'
import type { RawFlags } from './raw-flags.ts'
import { type Context, limiters, resolveRun, runtimes, suggest } from './resolve.ts'
import { subjectOptions } from './subject-flags.ts'

/** What the user asked for, resolved. */
export type Request =
  | { readonly command: 'help'; readonly text: string }
  | { readonly command: 'list' }
  | {
      readonly command: 'scenario'
      readonly plan: RunPlan
      readonly json: boolean
      readonly outDir: string | undefined
    }
  | { readonly command: 'judge'; readonly run: string; readonly json: boolean; readonly accountingOnly: boolean }
  | { readonly command: 'blind'; readonly runs: number; readonly seed: number; readonly runtime: BlindRuntime }
  | { readonly command: 'report'; readonly run: string }
  | { readonly command: 'prove'; readonly name: string | undefined; readonly runs: number | undefined }
  | PredictRequest
  | GateRequest
  | CompareRequest
  | BisectRequest
  | DiagnoseRequest
  | OptionsRequest
  | { readonly command: 'clean' }
  | {
      readonly command: 'images'
      readonly engine: 'auto' | 'docker' | 'podman'
      readonly base: string | undefined
      readonly force: boolean
    }

const engines = ['auto', 'docker', 'podman'] as const

const exitCodeHelp = `
Exit codes: 0 the expectation held; 2 it did not; 3 not known; 4 bad input; 5 the stack could not start;
130 interrupted.`

function scenarioCommand(): Command {
  const command = new Command('scenario')
    .description('run a scenario: the load, the record, the verdict')
    .argument('[name]', 'the scenario; --list shows them')
    .option('--list', 'list the scenarios, and the faults')
  for (const knob of knobs) command.addOption(new Option(`--${knob.flag} ${knob.value}`, knob.description))
  for (const option of subjectOptions()) command.addOption(option)
  return command
    .option('--fault <name[:1-5]>', 'do a fault of this intensity (default: 3), or two as a:1+b:3; --list shows them')
    .option('--recover', 'after the run: start a dead service again, let its dead-letter queue drain, count again')
    .option('--seed <n>', 'seed of the load (default: 1)')
    .option('--runtime <name>', `${runtimes.join(', ')} (default: auto)`)
    .option(
      '--limiter <name>',
      `how to limit DataStorage: ${limiters.join(', ')} (default: auto, the first that works)`,
    )
    .option('--expect <what>', 'crash, survive, any, or the name of a cause; decides the exit code')
    .option('--out <dir>', 'folder for the record (default: a new one in results/runs)')
    .option('--json', 'print verdict.json alone')
    .addHelpText('after', exitCodeHelp)
}

function judgeCommand(): Command {
  return new Command('judge')
    .description('judge a recorded run again, with nothing running')
    .argument('[run]', 'a folder, the name of a run in results/runs, or "latest"', 'latest')
    .option('--accounting', 'count what became of the events and no more: of a million, in 400 MiB')
    .option('--json', 'print verdict.json alone')
    .addHelpText('after', exitCodeHelp)
}

function reportCommand(): Command {
  return new Command('report')
    .description('make the reports of a recorded run again: report.html and what lies beside it')
    .argument('[run]', 'a folder, the name of a run in results/runs, or "latest"', 'latest')
}

function proveCommand(names: readonly string[]): Command {
  return new Command('prove')
    .description('make the figures that need many runs; goes on where it was interrupted')
    .argument('[name]', `what to prove: ${names.join(', ')} (default: all)`)
    .option(
      '--runs <n>',
      'runs of each row (default: 10); of truth: runs without an engine (default: 150); of gate: runs of the same thing (default: 200)',
    )
}

function blindCommand(): Command {
  return new Command('blind')
    .description(
      'do faults drawn from a seed, and count how often the verdict names exactly those; goes on where it stopped',
    )
    .option('--runs <n>', 'how many runs, 20 s each at most (default: 15, each fault once)')
    .option('--seed <n>', 'seed of the draw (default: 1)')
    .option('--runtime <name>', `${blindRuntimes.join(', ')} (default: embedded)`)
}

function cleanCommand(): Command {
  return new Command('clean').description('remove what killed runs left behind, and nothing else')
}

function imagesCommand(): Command {
  return new Command('images')
    .description('build the images for a container engine that has no registry; what is there and unchanged stays')
    .option('--engine <name>', `${engines.join(', ')} (default: auto, the first that answers)`)
    .option('--base <image>', 'make DataStorage on this image, which has Node in /usr/local/bin (default: on nothing)')
    .option('--force', 'build also what is there, with the newest packages')
}

/**
 * Reads the command line.
 *
 * @throws InputError with every problem at once: unknown commands and flags, missing and bad values
 */
export function parseCommandLine(
  argv: readonly string[],
  context: Context & { proofs: readonly string[]; options?: readonly ScenarioOption[] },
): Request {
  const scenario = scenarioCommand()
  const commands = [
    scenario,
    compareCommand(scenario.options),
    bisectCommand(scenario.options),
    diagnoseCommand(),
    optionsCommand(scenario.options),
    judgeCommand(),
    reportCommand(),
    predictCommand(),
    gateCommand(),
    proveCommand(context.proofs),
    blindCommand(),
    cleanCommand(),
    imagesCommand(),
  ]
  const program = new Command('culprit').description(
    'Reproduces a service crash under load and finds out what caused it.',
  )
  for (const command of commands) program.addCommand(command)

  // They are scenarios to whoever runs them, and a campaign of many runs to us.
  const [name, ...rest] = argv[0] === 'scenario' && argv[1] === 'options' ? argv.slice(1) : argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    return { command: 'help', text: program.helpInformation() }
  }
  const command = commands.find((known) => known.name() === name)
  if (!command) {
    const names = commands.map((known) => known.name())
    throw new InputError([`unknown command ${JSON.stringify(name)}: ${suggest(name, names)}`])
  }
  if (rest.includes('--help') || rest.includes('-h')) return { command: 'help', text: helpText(command) }

  const { positional, flags, problems } = readFlags(command, rest)
  const accepted = command.registeredArguments.length
  for (const extra of positional.slice(accepted)) problems.push(`${name} does not take ${JSON.stringify(extra)}`)
  const [first] = positional

  if (name === 'scenario') {
    if (flags.list !== undefined && problems.length === 0) return { command: 'list' }
    const plan = resolveRun(first, flags, context, problems)
    return { command: 'scenario', plan, json: flags.json !== undefined, outDir: flags.out }
  }
  if (name === 'gate') return resolveGate(first, flags, context, problems)
  if (name === 'compare') return resolveCompare(flags, context, problems, scenario.options)
  if (name === 'bisect') return resolveBisect(flags, context, problems, scenario.options)
  if (name === 'diagnose') return resolveDiagnose(first, flags, context, problems)
  if (name === 'options') return resolveOptions(flags, context, context.options ?? [], problems, scenario.options)
  if (name === 'predict') return resolvePredict(flags, context, problems)
  if (name === 'prove') {
    if (first !== undefined && !context.proofs.includes(first)) {
      problems.push(`nothing to prove by the name of ${JSON.stringify(first)}: ${suggest(first, context.proofs)}`)
    }
  }
  if (name === 'prove' || name === 'blind') {
    if (flags.runs !== undefined && !/^[1-9]\d{0,2}$/.test(flags.runs)) {
      problems.push(`--runs ${flags.runs}: takes a whole number from 1 to 999`)
    }
  }
  if (name === 'blind' && flags.seed !== undefined && !/^\d{1,9}$/.test(flags.seed)) {
    problems.push(`--seed ${flags.seed}: takes a whole number from 0 to 999999999`)
  }
  const runtime = blindRuntimes.find((known) => known === (flags.runtime ?? 'embedded'))
  if (name === 'blind' && !runtime) {
    problems.push(`--runtime ${flags.runtime}: ${suggest(flags.runtime ?? '', blindRuntimes)}`)
  }
  const engine = engines.find((known) => known === (flags.engine ?? 'auto'))
  if (name === 'images' && !engine) problems.push(`--engine ${flags.engine}: ${suggest(flags.engine ?? '', engines)}`)
  if (problems.length > 0) throw new InputError(problems)
  if (name === 'images') {
    return { command: 'images', engine: engine ?? 'auto', base: flags.base, force: flags.force !== undefined }
  }
  if (name === 'report') return { command: 'report', run: first ?? 'latest' }
  if (name === 'judge') {
    const accountingOnly = flags.accounting !== undefined
    return { command: 'judge', run: first ?? 'latest', json: flags.json !== undefined, accountingOnly }
  }
  if (name === 'blind') {
    const [runs, seed] = [Number(flags.runs ?? 15), Number(flags.seed ?? 1)]
    return { command: 'blind', runs, seed, runtime: runtime ?? 'embedded' }
  }
  if (name === 'prove') return { command: 'prove', name: first, runs: flags.runs ? Number(flags.runs) : undefined }
  return { command: 'clean' }
}

function helpText(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
  return text
}

/**
 * Commander stops at the first bad flag; we report all of them. So it declares the flags and writes the help, and
 * Node's own parser, which can be told not to stop, sorts the words.
 */
function readFlags(command: Command, words: readonly string[]) {
  const options = new Map(command.options.map((option) => [option.name(), option]))
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(
      [...options].map(([name, { required }]) => [name, { type: required ? 'string' : 'boolean' }]),
    ),
    strict: false,
    tokens: true,
  })
  const positional: string[] = []
  const flags: Record<string, string> = {}
  const problems: string[] = []
  let unknownAt = -1
  for (const token of tokens) {
    if (token.kind === 'positional') {
      // The word after an unknown flag is most likely its value.
      if (token.index !== unknownAt + 1 || unknownAt < 0) positional.push(token.value)
      continue
    }
    if (token.kind !== 'option') continue
    const option = options.get(token.name)
    if (!option) {
      problems.push(
        `unknown flag ${token.rawName}: ${suggest(
          token.rawName,
          [...options.keys()].map((name) => `--${name}`),
        )}`,
      )
      if (!token.inlineValue) unknownAt = token.index
    } else if (!option.required) {
      if (token.inlineValue) problems.push(`${token.rawName} takes no value`)
      flags[token.name] = 'true'
    } else if (!token.value || token.value.startsWith('--')) {
      problems.push(`${option.flags}: the value is missing`)
    } else if (flags[token.name] !== undefined && option.variadic) {
      flags[token.name] += `\n${token.value}`
    } else if (flags[token.name] !== undefined) {
      problems.push(`${token.rawName} is given twice`)
    } else {
      flags[token.name] = token.value
    }
  }
  return { positional, flags: flags as RawFlags & Record<string, string>, problems }
}
