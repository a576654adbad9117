import type { Command, Option } from 'commander'
import type { RawFlags } from '../raw-flags.ts'
import type { Context } from '../resolve.ts'
import { withoutSecrets } from '../subject-flags.ts'

/** More cells than this are most likely a slip. */
export const maxCells = 200

/** Flags of a single run that many runs have no use for: each has its own folder, and none is expected to end in one way. */
const ofOneRun = ['list', 'json', 'out', 'expect']

/** The flags of a run that many runs take too: whatever it learns later, they learn with it. */
export function knobOptions(runOptions: readonly Option[]): Option[] {
  return runOptions.filter((option) => !ofOneRun.includes(option.name()))
}

/** The flags that every experiment of many runs has after its own: those of a run, and where and how the result goes. */
export function addSharedFlags(
  command: Command,
  runOptions: readonly Option[],
  { name, what }: { readonly name: string; readonly what: string },
): Command {
  for (const option of knobOptions(runOptions)) command.addOption(option)
  return command
    .option('--out <dir>', `folder for ${what} (default: a new one in results/${name})`)
    .option('--json', `print ${name}.json alone`)
}

/** The flags that are the same for all runs, as they were given. */
export function fixedFlags(flags: RawFlags, runOptions: readonly Option[]): Record<string, string> {
  const given = knobOptions(runOptions).map((option) => [option.name(), flags[option.name()]] as const)
  return Object.fromEntries(given.filter((one): one is readonly [string, string] => one[1] !== undefined))
}

/** The same as it may be written down and shown. */
export function shownFlags(fixed: Readonly<Record<string, string>>): Record<string, string> {
  const shown = (flag: string, text: string) =>
    text
      .split('\n')
      .map((value) => withoutSecrets(flag, value))
      .join('\n')
  return Object.fromEntries(Object.entries(fixed).map(([flag, text]) => [flag, shown(flag, text)]))
}

/** Says so when the scenario is missing; an unknown one is found when a run is resolved. */
export function askFor(flags: RawFlags, { scenarios }: Context, problems: string[]): void {
  if (flags.scenario === undefined) {
    problems.push(`--scenario is missing: there is ${scenarios.map(({ name }) => name).join(', ')}`)
  }
}

/** `null`: it is none in these bounds. */
export function wholeNumber(text: string | undefined, otherwise: number, min: number, max: number): number | null {
  if (text === undefined) return otherwise
  const n = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  return n >= min && n <= max ? n : null
}
