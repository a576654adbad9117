import { Command, Option } from 'commander'
import type { Figures } from '../../prediction.ts'
import type { Scenario } from '../../scenario.ts'
import { parseSize } from '../../units.ts'
import { knobs } from '../knobs.ts'
import type { RawFlags } from '../raw-flags.ts'
import { type Context, resolveRun } from '../resolve.ts'

export interface PredictRequest {
  readonly command: 'predict'
  readonly scenario: Scenario
  /** `null`: the record's. */
  readonly seed: number | null
  /** Those that were given; the others come from the record. */
  readonly figures: { readonly [K in keyof Figures]?: Figures[K] | undefined }
  /** `null`: the newest record of the scenario. */
  readonly from: string | null
  readonly json: boolean
}

/** How the service behaves is here what its figures say. */
const usedKnobs = knobs.filter((knob) => !knob.isNotModelled)

export function predictCommand(): Command {
  const command = new Command('predict')
    .description('compute what a run would show, by a queueing model; nothing is started')
    .option('--scenario <name>', 'the scenario to ask about')
    .option('--from <run>', 'the record to take figures from, or "latest" (default: the newest of the scenario)')
  for (const knob of usedKnobs) command.addOption(new Option(`--${knob.flag} ${knob.value}`, knob.description))
  return command
    .option('--work-ms-per-event <ms>', 'CPU time to write an event (default: as in the record)')
    .option('--hold <size>', 'memory held per pending event, such as 12m (default: as in the record)')
    .option('--baseline <size>', 'memory without any load (default: as in the record, else 0)')
    .option('--cap <n>', 'write requests that may await an answer (default: as in the record, else no cap)')
    .option('--seed <n>', "seed of the load (default: the record's, else 1); 20 seeds from it on are compared")
    .option('--json', 'print the prediction as JSON')
    .addHelpText(
      'after',
      `
The limits that are asked about may be beyond this machine's. Figures that are not given come from a record of the
scenario: make one with "npm run scenario <name>".

Exit codes: 0 there is a prediction; 4 bad input, or figures are neither given nor in the record.`,
    )
}

/** @throws InputError with every problem at once, those found before included */
export function resolvePredict(flags: RawFlags, context: Context, problems: string[]): PredictRequest {
  const figures = {
    workMsPerEvent: given(flags, 'work-ms-per-event', parseMs, 'takes milliseconds such as 111', problems),
    heldBytesPerEvent: given(flags, 'hold', parseSize, 'takes a size such as 12m', problems),
    baselineBytes: given(flags, 'baseline', parseSize, 'takes a size such as 100m', problems),
    maxAwaitingAnswer: given(flags, 'cap', parseCount, 'takes a whole number from 1 on', problems),
  }
  // Nothing will be run: what this machine has is no bound.
  const anyMachine = { ...context, memoryBytes: Number.POSITIVE_INFINITY, cpus: Number.POSITIVE_INFINITY }
  if (flags.scenario === undefined) {
    problems.push(`--scenario is missing: there is ${context.scenarios.map(({ name }) => name).join(', ')}`)
  }
  const { scenario, seed } = resolveRun(flags.scenario ?? context.scenarios[0]?.name, flags, anyMachine, problems)
  return {
    command: 'predict',
    scenario,
    seed: flags.seed === undefined ? null : seed,
    figures,
    from: flags.from ?? null,
    json: flags.json !== undefined,
  }
}

function given(
  flags: RawFlags,
  flag: string,
  parse: (text: string) => number | null,
  takes: string,
  problems: string[],
): number | undefined {
  const text = flags[flag]
  const value = text === undefined ? undefined : parse(text)
  if (value === null) problems.push(`--${flag} ${text}: ${takes}`)
  return value ?? undefined
}

function parseMs(text: string): number | null {
  const durationMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  return durationMs > 0 ? durationMs : null
}

function parseCount(text: string): number | null {
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : null
}
