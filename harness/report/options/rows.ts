import type { OptionResult } from '../../option.ts'
import { formatMs } from '../../units.ts'
import { figureRows, range } from '../comparison/rows.ts'

/** A column of the options' table: one figure of every option, in words. */
export interface OptionColumn {
  readonly what: string
  readonly of: (result: OptionResult) => string
}

const ofCell = (what: string) => {
  const row = figureRows.find((one) => one.what === what)
  return ({ cell }: OptionResult) => (cell.state === null ? '' : (row?.of(cell) ?? ''))
}

const name: OptionColumn = { what: 'Option', of: (result) => result.name }

export const claimColumns: readonly OptionColumn[] = [
  name,
  { what: 'What it changes', of: ({ what }) => what },
  { what: 'Expected', of: ({ expected }) => `${expected.words} (${expected.by})` },
  { what: 'Measured', of: describeMeasured },
  { what: 'Holds', of: describeHeld },
]

/** What it costs: surviving is not curing. */
export const costColumns: readonly OptionColumn[] = [
  name,
  { what: 'All in all', of: ofCell('outcome') },
  { what: 'Acknowledged', of: ({ cell }) => describeAcknowledged(cell) },
  { what: 'Lost', of: describeLost },
  { what: 'Stored twice', of: ({ cell }) => range(cell.storedMoreThanOnce) },
  { what: 'Written/s', of: ({ writtenPerSec }) => range(writtenPerSec, (rate) => rate.toFixed(1)) },
  { what: 'p50', of: ofCell('p50') },
  { what: 'p99', of: ofCell('p99') },
  { what: 'Peak memory', of: ofCell('peak memory') },
  { what: 'Causes', of: ofCell('causes') },
]

/** `crashes in 3 of 3, at 9.1–9.6 s; 0 of 15 audit checks pass`. */
export function describeMeasured(result: OptionResult): string {
  const { cell, checks, checksPassed } = result
  const known = cell.crashed + cell.survived
  if (cell.state === null) return 'not run'
  if (known === 0) return cell.state
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
  const crashed = `crashes in ${cell.crashed} of ${known}, at ${range(cell.diedMs, seconds)}`
  const outcome = cell.crashed > 0 ? crashed : `survives in ${known} of ${known}`
  const open = cell.planned - known - cell.notStarted
  return [
    open > 0 && cell.unknown > 0 ? `${outcome} (${cell.unknown} not known)` : outcome,
    ...(checks === null ? [] : [`${range(checksPassed)} of ${checks} audit checks pass`]),
  ].join('; ')
}

/** Of a promise that holds, too, what it leaves undone is said: surviving is not curing. */
export function describeHeld({ held, cell, because }: OptionResult): string {
  if (cell.state === null) return ''
  if (held === 'nothing claimed') return '-'
  return held === 'yes' ? 'yes' : `${held}: ${because}`
}

export function describeLost({ lost, cell }: OptionResult): string {
  return lost === null || cell.emitted === null ? '-' : range(lost)
}

export function describeAcknowledged({ acknowledged, emitted }: OptionResult['cell']): string {
  return acknowledged === null ? '-' : `${range(acknowledged)} of ${range(emitted)}`
}

export function describeLatency({ cell }: OptionResult): string {
  const p99 = cell.response.p99Ms
  return p99 === null ? '-' : formatMs(p99.mean)
}

/** Said below every table. */
export const optionNotes = [
  'Acknowledged: events of which a client heard that they are stored, of those emitted; the others its client gave up, or never sent. Lost: events that are neither in the database nor in the dead-letter queue after the run. Written/s: events that the service committed while it had some to do; where it is lower than beside other options without a reason of their own, a neighbour had the CPU. p50, p99: response time from the intended start, ± its 95 % interval over the runs; a–b: the lowest and the highest run.',
  '"us": what we expected, written down before the first run. An option holds when every run bears it out; surviving is not curing.',
]
