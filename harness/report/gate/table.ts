import { markdownTable } from 'markdown-table'
import type { GateResult, MetricResult } from '../../gate-result.ts'
import { inert } from '../inert.ts'
import { describeDrift, formatChange } from './words.ts'

export const gateColumns = ['Scenario', 'Limit', 'Change', 'Interval (98 %)', 'Pairs', 'Answer', 'Because'] as const

/** One table for all scenarios, and below it what holds for a whole comparison. Markdown that reads as plain text. */
export function renderGate(told: readonly GateResult[]): string {
  const results = inert(told)
  const rows = results.flatMap(({ scenario, decision }) => {
    const row = (text: string, { effect, answer, because }: Pick<MetricResult, 'effect' | 'answer' | 'because'>) => [
      scenario,
      text,
      effect ? formatChange(effect.ratio) : '-',
      effect ? `${formatChange(effect.low)} to ${formatChange(effect.high)}` : '-',
      String(decision.pairs),
      answer === 'fail' ? 'FAIL' : answer,
      because,
    ]
    return [
      ...decision.metrics.map((metric) => row(metric.limit.text, metric)),
      ...decision.thresholds.map((threshold) => row(threshold.text, { ...threshold, effect: null })),
    ]
  })
  const [first] = results
  const sides = first ? `baseline: ${first.baseline}\ncandidate: ${first.candidate}\n\n` : ''
  const notes = results.flatMap(({ scenario, decision, drifts }) =>
    [...decision.because, ...drifts.map((drift) => `drift: ${describeDrift(drift)}`)].map(
      (why) => `${scenario}: ${why}`,
    ),
  )
  return `${sides}${markdownTable([[...gateColumns], ...rows])}\n${notes.map((note) => `\n${note}\n`).join('')}`
}
