import { markdownTable } from 'markdown-table'
import type { GateResult, MetricResult } from '../../gate-result.ts'
import { inert } from '../inert.ts'
import { inline } from '../inline-markdown.ts'
import { describeDrift, formatChange } from './words.ts'

export const gateColumns = ['Scenario', 'Limit', 'Change', 'Interval (98 %)', 'Pairs', 'Answer', 'Because'] as const

/** The same where Markdown is rendered: what a side is called, or a start says, must not become markup. */
export function renderGateSummary(results: readonly GateResult[]): string {
  return renderGate(results, inline)
}

/** One table for all scenarios, and below it what holds for a whole comparison. Markdown that reads as plain text. */
export function renderGate(told: readonly GateResult[], asText = (text: string) => text): string {
  const results = inert(told)
  const rows = results.flatMap(({ scenario, decision }) => {
    const row = (text: string, { effect, answer, because }: Pick<MetricResult, 'effect' | 'answer' | 'because'>) => [
      scenario,
      text,
      effect ? formatChange(effect.ratio) : '-',
      effect ? `${formatChange(effect.low)} to ${formatChange(effect.high)}` : '-',
      String(decision.pairs),
      answer === 'fail' ? 'FAIL' : answer,
      asText(because),
    ]
    return [
      ...decision.metrics.map((metric) => row(metric.limit.text, metric)),
      ...decision.thresholds.map((threshold) => row(threshold.text, { ...threshold, effect: null })),
    ]
  })
  const [first] = results
  const sides = first ? `baseline: ${asText(first.baseline)}\ncandidate: ${asText(first.candidate)}\n\n` : ''
  const notes = results.flatMap(({ scenario, decision, drifts }) =>
    [...decision.because, ...drifts.map((drift) => `drift: ${describeDrift(drift)}`)].map(
      (why) => `${scenario}: ${asText(why)}`,
    ),
  )
  return `${sides}${markdownTable([[...gateColumns], ...rows])}\n${notes.map((note) => `\n${note}\n`).join('')}`
}
