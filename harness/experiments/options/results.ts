import { basename } from 'node:path'
import type { Comparison } from '../../comparison.ts'
import type { Held, OptionResult, OptionsReport } from '../../option.ts'
import type { Claim, Option } from '../../scenario.ts'
import type { Trial } from '../../trial.ts'
import { rangeOf } from '../statistics/estimates.ts'

/** Whether a run bears a claim out. `null`: this run cannot tell. */
type Check = (trial: Trial) => boolean | null

const isZero = (count: number | null | undefined) => (count == null ? null : count === 0)

const checks: Readonly<Record<Claim, Check>> = {
  crashes: ({ outcome }) => outcome === 'crashed',
  survives: ({ outcome }) => outcome === 'survived',
  'checks pass': ({ checks: made }) => (made ? made.passed === made.of : null),
  'checks fail': ({ checks: made }) => (made ? made.passed === 0 : null),
  'loses nothing': ({ events }) => isZero(events?.lost),
  'stores nothing twice': ({ events }) => isZero(events?.storedMoreThanOnce),
}

/** Whether the runs of an option bear out what was expected of it: every claim in every run, and none without a look. */
export function judgeClaims(
  claims: readonly Claim[],
  trials: readonly Trial[],
): Pick<OptionResult, 'held' | 'because'> {
  const known = trials.filter(({ outcome }) => outcome === 'crashed' || outcome === 'survived')
  if (known.length === 0) return { held: 'not known', because: 'no run with a known outcome' }
  if (claims.length === 0) return { held: 'nothing claimed', because: '' }
  const answers = claims.map((claim) => {
    const told = known.map(checks[claim]).filter((answer) => answer !== null)
    return { claim, told: told.length, broken: told.filter((answer) => !answer).length }
  })
  const broken = answers.filter((answer) => answer.broken > 0)
  const untold = answers.filter((answer) => answer.told < trials.length)
  const held: Held = broken.length > 0 ? 'no' : untold.length > 0 ? 'not known' : 'yes'
  const words = (broken.length > 0 ? broken : untold).map(({ claim, told, broken: times }) =>
    times > 0
      ? `"${claim}" is not so in ${times} of ${told}`
      : `"${claim}" was seen in ${told} of ${trials.length} alone`,
  )
  return { held, because: words.join('; ') }
}

export interface Conducted {
  readonly dir: string
  readonly isQuick: boolean
  readonly options: readonly Option[]
  /** The command of the first run of each option, by its name. */
  readonly commands: ReadonlyMap<string, string>
  readonly comparison: Comparison
  readonly trials: readonly Trial[]
}

/** What became of each option. */
export function reportOptions({ dir, isQuick, options, commands, comparison, trials }: Conducted): OptionsReport {
  const results = options.flatMap(({ name, what, expected }): OptionResult[] => {
    const cell = comparison.cells.find((one) => one.cell === name)
    if (!cell) return []
    const own = trials.filter((trial) => trial.cell === name)
    const known = own.filter(({ outcome }) => outcome === 'crashed' || outcome === 'survived')
    return [
      {
        name,
        what,
        expected,
        command: commands.get(name) ?? '',
        cell,
        ...judgeClaims(expected.claims, own),
        lost: rangeOf(known.map(({ events }) => events?.lost ?? null)),
        checksPassed: rangeOf(known.map(({ checks: made }) => made?.passed ?? null)),
        checks: known.find(({ checks: made }) => made)?.checks?.of ?? null,
        writtenPerSec: rangeOf(known.map((trial) => trial.writtenPerSec ?? null)),
        tookMs: rangeOf(known.map(({ tookMs }) => tookMs)),
      },
    ]
  })
  const { finished, planned, commits, grid } = comparison
  return { id: basename(dir), isQuick, repeats: grid.repeats, results, finished, planned, commits }
}
