import { markdownTable } from 'markdown-table'
import { type BlindTrial, matrixOf, type Score, scoreOf, scores, tallyOf } from '../../blind-trial.ts'
import { inert } from '../inert.ts'

/** The confusion matrix as a table of Markdown. */
export function renderMatrix(trials: readonly BlindTrial[]): string {
  const { causes, rows } = matrixOf(trials)
  return markdownTable([
    ['Drawn', ...scores, ...causes.map((cause) => `named: ${cause}`), 'named: none'],
    ...rows.map(({ label, by, named, namedNone }) => [
      label,
      ...[...scores.map((score) => by[score]), ...named, namedNone].map((count) => (count === 0 ? '' : String(count))),
    ]),
  ])
}

/** The figures, then each run that was not right, with why and the command that repeats it. */
export function renderScores(told: readonly BlindTrial[]): string {
  const trials = inert(told)
  const tallied = tallyOf(trials)
  const { counted, noEffect } = tallied
  const share = (score: Score) => shareOf(score, tallied)
  const lines = [
    `${counted} runs counted: right ${share('right')}, not known ${share('not known')}, wrong accusations ${share('wrong')}`,
    `${noEffect} runs in which the fault did not take effect; the slowest run took ${formatSlowest(trials)}`,
  ]
  for (const one of trials.filter((trial) => scoreOf(trial) !== 'right')) {
    lines.push(
      '',
      `${scoreOf(one)}: run ${one.index}, ${one.faults.join(' + ') || 'no fault'}`,
      `  had to be named: ${one.drawn.join(', ') || 'none'}; was named: ${one.named.join(', ') || 'none'}`,
      ...(one.tookEffect ? one.reasons.map((reason) => `  ${reason}`) : [`  ${one.effect}`]),
      `  record: ${one.run}`,
      `  again: ${one.replay}`,
    )
  }
  return lines.join('\n')
}

/** `12 (80.0 %)`, of the runs that count. */
export function shareOf(score: Score, { by, counted }: ReturnType<typeof tallyOf>): string {
  return `${by[score]} (${((100 * by[score]) / Math.max(1, counted)).toFixed(1)} %)`
}

export function formatSlowest(trials: readonly BlindTrial[]): string {
  return `${(Math.max(0, ...trials.map(({ durationMs }) => durationMs)) / 1_000).toFixed(1)} s`
}
