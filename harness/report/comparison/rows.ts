import type { CellSummary } from '../../comparison.ts'
import type { Estimate, Range } from '../../trial.ts'
import { formatBytes, formatMs } from '../../units.ts'

/** A row of the comparison: one figure of every cell, in words. Empty: there is none. */
export interface FigureRow {
  readonly what: string
  /** For a person who reads the table for the first time. */
  readonly meaning: string
  of(cell: CellSummary): string
}

const none = '-'

export const figureRows: readonly FigureRow[] = [
  {
    what: 'outcome',
    meaning: 'what the cell shows, the worst of its runs: surviving is not curing',
    of: ({ state }) => state ?? 'not run',
  },
  { what: 'crashed', meaning: 'runs that crashed, of those whose outcome is known', of: describeCrashed },
  { what: 'died', meaning: 'after the burst', of: ({ diedMs }) => range(diedMs, seconds) },
  {
    what: 'peak memory',
    meaning: "the kernel's high-water mark",
    of: ({ peakBytes }) => rangeOfBytes(peakBytes),
  },
  {
    what: 'p50',
    meaning: 'response time from the intended start, median',
    of: ({ response }) => duration(response.p50Ms),
  },
  { what: 'p95', meaning: 'the 95th percentile', of: ({ response }) => duration(response.p95Ms) },
  { what: 'p99', meaning: 'the 99th percentile', of: ({ response }) => duration(response.p99Ms) },
  {
    what: 'acknowledged',
    meaning: 'events, of those emitted',
    of: ({ acknowledged, emitted }) => (acknowledged ? `${range(acknowledged)} of ${range(emitted)}` : none),
  },
  { what: 'dropped', meaning: 'events that clients gave up', of: ({ dropped }) => range(dropped) },
  {
    what: 'acked, lost',
    meaning: 'acknowledged, and neither stored nor in the dead-letter queue',
    of: ({ acknowledgedAndLost }) => range(acknowledgedAndLost),
  },
  {
    what: 'stored twice',
    meaning: 'events stored more than once',
    of: ({ storedMoreThanOnce }) => range(storedMoreThanOnce),
  },
  {
    what: 'exactly once',
    meaning: 'events acknowledged and stored once, of those emitted',
    of: ({ exactlyOnceShare }) => percent(exactlyOnceShare),
  },
  { what: 'causes', meaning: 'those that stand, first things first', of: describeChains },
]

function describeCrashed({ crashed, survived, unknown, notStarted, planned }: CellSummary): string {
  const waiting = planned - crashed - survived - unknown - notStarted
  return [
    crashed + survived > 0 ? `${crashed} of ${crashed + survived}` : '',
    unknown > 0 ? `${unknown} not known` : '',
    notStarted > 0 ? `${notStarted} did not start` : '',
    waiting > 0 ? `${waiting} not run` : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
}

function describeChains({ chains, crashed, survived }: CellSummary): string {
  if (crashed + survived === 0) return none
  const told = chains.map(({ chain, runs }) => {
    const causes = chain.length === 0 ? 'no cause' : chain.join(' > ')
    return chains.length > 1 ? `${runs}x ${causes}` : causes
  })
  return told.join(' / ')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** `433–512 MiB`, `980 MiB–1.2 GiB`, or one value where all are alike. */
export function range(found: Range | null, format: (value: number) => string = String): string {
  if (!found) return none
  const [low, high] = [format(found.low), format(found.high)]
  if (low === high) return low
  const unit = / \S+$/.exec(high)?.[0] ?? ''
  return `${unit !== '' && low.endsWith(unit) ? low.slice(0, -unit.length) : low}–${high}`
}

const GiB = 2 ** 30

/** In one unit, cut off as everywhere, so that a peak below a limit stays below. */
export function rangeOfBytes(found: Range | null): string {
  const isMixed = found !== null && found.low < GiB && found.high >= GiB
  return range(found, isMixed ? (bytes) => `${Math.floor((100 * bytes) / GiB) / 100} GiB` : formatBytes)
}

/** `5.01 ± 0.02 s`; one run alone has no interval. */
function duration(found: Estimate | null): string {
  if (!found) return none
  if (!found.interval) return formatMs(found.mean)
  const inSeconds = found.mean >= 1000
  const format = (ms: number) => (inSeconds ? (ms / 1000).toFixed(2) : ms.toFixed(ms < 10 ? 1 : 0))
  return `${format(found.mean)} ± ${format(halfOf(found))} ${inSeconds ? 's' : 'ms'}`
}

function percent(found: Estimate | null): string {
  if (!found) return none
  const inPercent = (share: number) => Math.floor(100 * share)
  // Rounded down: only all of them are 100 %.
  return found.interval && found.interval.high > found.interval.low
    ? `${inPercent(found.mean)} ± ${Math.ceil(100 * halfOf(found))} %`
    : `${inPercent(found.mean)} %`
}

/** The wider side, where an interval was cut off at its end. */
function halfOf({ mean, interval }: Estimate): number {
  return interval ? Math.max(interval.high - mean, mean - interval.low) : 0
}

/** Said below every table. */
export const tableNotes = [
  '± is the 95 % confidence interval of the mean over the runs (Student’s t); a–b is the lowest and the highest run.',
  'Figures are of the runs whose outcome is known. Every repeat has a seed of its own, the same for all cells.',
]
