import type { CellState, CellSummary } from '../../comparison.ts'
import type { Trial } from '../../trial.ts'
import { meanOf, rangeOf, shareOf } from '../statistics/estimates.ts'

export interface Cell {
  readonly name: string
  readonly values: Readonly<Record<string, string>>
}

/** The runs of a cell as one row. Figures of runs whose outcome is not known are not to be trusted, and left out. */
export function summariseCell({ name, values }: Cell, trials: readonly Trial[], planned: number): CellSummary {
  const crashed = trials.filter(({ outcome }) => outcome === 'crashed').length
  const known = trials.filter(({ outcome }) => outcome === 'crashed' || outcome === 'survived')
  const events = known.flatMap((trial) => trial.events ?? [])
  const response = (pick: 'p50Ms' | 'p95Ms' | 'p99Ms') => meanOf(known.map((trial) => trial.response?.[pick] ?? null))
  return {
    cell: name,
    values,
    state: stateOf(trials),
    planned,
    crashed,
    survived: known.length - crashed,
    unknown: trials.filter(({ outcome }) => outcome === 'unknown').length,
    notStarted: trials.filter(({ outcome }) => outcome === 'not started').length,
    why: [...new Set(trials.flatMap(tellWhy))],
    crashShare: shareOf(crashed, known.length),
    diedMs: rangeOf(known.map((trial) => trial.diedMs)),
    limitBytes: trials.find((trial) => trial.limitBytes !== null)?.limitBytes ?? null,
    peakBytes: rangeOf(known.map((trial) => trial.peakBytes)),
    response: { p50Ms: response('p50Ms'), p95Ms: response('p95Ms'), p99Ms: response('p99Ms') },
    emitted: rangeOf(events.map((one) => one.emitted)),
    acknowledged: rangeOf(events.map((one) => one.acknowledged)),
    dropped: rangeOf(events.map((one) => one.dropped)),
    acknowledgedAndLost: rangeOf(events.map((one) => one.acknowledgedAndLost)),
    storedMoreThanOnce: rangeOf(events.map((one) => one.storedMoreThanOnce)),
    exactlyOnceShare: meanOf(
      events.map(({ exactlyOnce, emitted }) => (exactlyOnce === null || emitted === 0 ? null : exactlyOnce / emitted)),
      1,
    ),
    chains: countChains(known),
    courses: known.map(({ run, memory, diedMs }) => ({ run, memory, diedMs })),
    forecast: trials.find((trial) => trial.forecast !== null)?.forecast ?? null,
  }
}

function tellWhy({ outcome, why }: Trial): string[] {
  if (why === null) return []
  return [outcome === 'not started' ? `did not start: ${why}` : `not known: ${why}`]
}

/** The worst of its runs. What is not known of some hides nothing that others have shown. */
function stateOf(trials: readonly Trial[]): CellState | null {
  if (trials.length === 0) return null
  const survivors = trials.filter(({ outcome }) => outcome === 'survived')
  const events = survivors.flatMap((trial) => trial.events ?? [])
  if (trials.some(({ outcome }) => outcome === 'crashed')) return 'crashes'
  if (survivors.length === 0) {
    return trials.some(({ outcome }) => outcome === 'unknown') ? 'not known' : 'did not start'
  }
  if (events.some(({ acknowledged, emitted, acknowledgedAndLost }) => acknowledged < emitted || acknowledgedAndLost)) {
    return 'survives, loses events'
  }
  if (events.some(({ storedMoreThanOnce }) => storedMoreThanOnce)) return 'survives, stores events twice'
  // Without a look into the database, nobody knows what became of the events.
  const isCounted = events.every((one) => one.acknowledgedAndLost !== null && one.storedMoreThanOnce !== null)
  return isCounted && survivors.length === trials.length ? 'clean' : 'not known'
}

function countChains(known: readonly Trial[]): CellSummary['chains'] {
  const counts = Map.groupBy(known, ({ chain }) => chain.join(' > '))
  return [...counts.values()]
    .map((same) => ({ chain: same[0]?.chain ?? [], runs: same.length }))
    .sort((a, b) => b.runs - a.runs)
}
