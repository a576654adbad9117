import type { Diagnosis, DiagnosisEnd } from '../../diagnosis.ts'
import { formatAt } from '../../units.ts'

type Row = Diagnosis['trials'][number]

/** What was changed and what happened, a row for each run, heads first. */
export function rowsOf({ trials, recorded, run }: Diagnosis): string[][] {
  return [
    ['changed', 'read back', 'what happened', 'acknowledged, causes'],
    [`nothing (${run})`, '', happened(recorded.diedMs), recorded.chain.join(' > ')],
    ...trials.map((trial) => [nameRun(trial), trial.change ? trial.told : '', outcomeOf(trial), figuresOf(trial)]),
  ]
}

export function nameRun({ change }: Row): string {
  return change ? `--${change.flag} ${change.value}` : 'nothing: as it was'
}

export function outcomeOf({ ending, effect, outcome, told, change }: Row): string {
  if (!ending) return change ? 'tells nothing' : `tells nothing: ${told}`
  if (ending.diedMs === null)
    return outcome === 'survived' ? 'survived' : `lived, until ${formatAt(ending.watchedUntilMs)}`
  const how = effect === 'alike' || effect === null ? '' : `, ${effect}`
  return `${happened(ending.diedMs)}${how}`
}

function happened(diedMs: number | null): string {
  return diedMs === null ? 'survived' : `died ${formatAt(diedMs)}`
}

export function figuresOf({ events, chain, ending }: Row): string {
  if (!ending) return ''
  const acknowledged = events ? `${events.acknowledged} of ${events.emitted}; ` : ''
  return `${acknowledged}${chain.join(' > ') || 'no cause'}`
}

/** `7 runs: 1 as it was, 6 with one thing changed`. */
export function describeRuns({ trials, changedRuns }: Diagnosis): string {
  const again = trials.length - changedRuns
  const count = `${trials.length} ${trials.length === 1 ? 'run' : 'runs'}`
  return `${count}: ${again} as it was, ${changedRuns} with one thing changed; all with the same seed`
}

const ends: Readonly<Record<DiagnosisEnd, string>> = {
  certain: 'no further run could change an answer',
  'runs used up': 'the runs are used up; --resume with more --max-runs goes on',
  'does not come back':
    'without any change the crash did not come back: with chance at work, one run each shows nothing',
  'no run tells': 'the run could not be done again so that it tells anything',
  interrupted: 'interrupted; --resume goes on',
}

export function describeEnd({ end }: Pick<Diagnosis, 'end'>): string {
  return ends[end]
}
