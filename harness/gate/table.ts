import { markdownTable } from 'markdown-table'
import type { Decision } from './decide.ts'

export interface GateResult {
  readonly scenario: string
  readonly baseline: string
  readonly candidate: string
  readonly decision: Decision
}

const percent = (ratio: number) => `${ratio >= 1 ? '+' : '-'}${Math.abs((ratio - 1) * 100).toFixed(1)} %`

/** One table for all scenarios, and below it what holds for a whole comparison. Markdown that reads as plain text. */
export function renderGate(results: readonly GateResult[]): string {
  const head = ['Scenario', 'Limit', 'Change', 'Interval (98 %)', 'Pairs', 'Answer', 'Because']
  const rows = results.flatMap(({ scenario, decision }) =>
    decision.metrics.map(({ limit, effect, answer, because }) => [
      scenario,
      limit.text,
      effect ? percent(effect.ratio) : '-',
      effect ? `${percent(effect.low)} to ${percent(effect.high)}` : '-',
      String(decision.pairs),
      answer === 'fail' ? 'FAIL' : answer,
      because,
    ]),
  )
  const [first] = results
  const sides = first ? `baseline: ${first.baseline}\ncandidate: ${first.candidate}\n\n` : ''
  const notes = results.flatMap(({ scenario, decision }) => decision.because.map((why) => `${scenario}: ${why}`))
  return `${sides}${markdownTable([head, ...rows])}\n${notes.map((note) => `\n${note}\n`).join('')}`
}
