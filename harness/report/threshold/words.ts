import type { Bisection, Search } from '../../threshold.ts'
import { formatBytes } from '../../units.ts'

export function formatDose(value: number, { unit }: Pick<Search, 'unit'>): string {
  // As the flag takes it, and as fine as it is tried.
  if (unit === 'bytes') return `${Math.round(value / 2 ** 20).toLocaleString('en')} MiB`
  return unit === 'CPUs' ? value.toFixed(2) : String(Math.round(value * 10) / 10)
}

/** `the smallest memory that survives`. */
export function describeGoal({ find, moreHelps }: Search): string {
  return `the ${moreHelps ? 'smallest' : 'largest'} ${find} that survives`
}

/** The answer in one sentence. */
export function describeAnswer({ located, search, end, runs }: Bisection): string {
  const { from, to, find } = search
  if (end === 'below range' || end === 'above range') {
    const survives = (end === 'below range') === search.moreHelps
    return `NOT BETWEEN ${formatDose(from, search)} AND ${formatDose(to, search)}: it ${survives ? 'survives' : 'crashes'} with all of them.`
  }
  if (!located) return 'NOT KNOWN: no run has told anything.'
  const { dose, low, high } = located
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  return (
    `Half of all runs survive with a ${find} of ${formatDose(dose, search)}; 90 % interval ${formatDose(low, search)} to ` +
    `${formatDose(high, search)} (-${percent(1 - low / dose)}, +${percent(high / dose - 1)}), after ${runs} runs.`
  )
}

const endings: Readonly<Record<Bisection['end'], string>> = {
  'narrow enough': 'the interval is no wider than 8 % to either side, or half a step',
  'runs used up':
    'the runs are used up, and the interval is wider than 8 % to either side: --resume with more --max-runs narrows it',
  'below range': 'the threshold is below --from',
  'above range': 'the threshold is above --to',
  'nothing to try': 'nothing that can be tried starts',
  interrupted: 'interrupted; --resume goes on',
}

export function describeEnd({ end }: Bisection): string {
  return endings[end]
}

/** `436 MiB ✝✝●`: each cross a run that crashed, each dot one that survived, each question mark one that tells neither. */
export function describeDoses({ doses, search }: Bisection): string[] {
  return doses.map(
    ({ dose, crashed, survived, neither }) =>
      // A space that no line is broken at.
      `${formatDose(dose, search).replace(' ', '\u00a0')}\u00a0${'✝'.repeat(crashed)}${'●'.repeat(survived)}${'?'.repeat(neither)}`,
  )
}

export function describeLine({ line }: Bisection): string {
  if (!line) return 'fewer than three runs tell memory and pending events'
  const { bytesPerPendingEvent, interval, bytesWithoutAny, runs } = line
  if (interval.low <= 0) return `memory does not rise with the pending events in these ${runs} runs`
  return (
    `${formatBytes(bytesPerPendingEvent)} per pending event (90 %: ${formatBytes(interval.low)} to ${formatBytes(interval.high)}), ` +
    `${bytesWithoutAny < 0 ? '-' : ''}${formatBytes(Math.abs(bytesWithoutAny))} without any; least squares over ${runs} runs`
  )
}

export function describePredicted({ predicted, search, located }: Bisection): string {
  if (search.find === 'pool') return 'the queueing model has no threshold of the pool'
  if (!predicted) return 'no run holds the figures for it'
  const { low, median, high, runs } = predicted
  const isApart = located !== null && (high < located.low || low > located.high)
  const half = runs > 1 ? `, half of the runs from ${formatDose(low, search)} to ${formatDose(high, search)}` : ''
  return (
    `${formatDose(median, search)}${half}: by the queueing model with the own figures of ${runs} run${runs === 1 ? '' : 's'} ` +
    `next to the threshold${isApart ? '; it DISAGREES with the measured interval' : ''}`
  )
}
