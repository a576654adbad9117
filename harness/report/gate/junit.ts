import type { GateAnswer } from '../../gate-result.ts'
import { inert } from '../inert.ts'
import { createJunit } from '../junit.ts'
import type { GateReport } from './report.ts'
import { formatChange } from './words.ts'

/**
 * gate.junit.xml: a suite for each scenario with a test for each limit and threshold, and one for the runs as a whole. A limit that was
 * not decided is skipped: no data is never a pass.
 */
export function renderGateJunit(told: GateReport): string {
  const { results, scenarios, startedAt } = inert(told)
  const builder = createJunit()
  for (const { scenario, baseline, candidate, decision } of results) {
    const suite = builder.testSuite().name(`gate ${scenario}`).timestamp(new Date(startedAt))
    suite.property('baseline', baseline).property('candidate', candidate).property('pairs', String(decision.pairs))
    const add = (name: string, answer: GateAnswer, told: string) => {
      const test = suite.testCase().className(`gate.${scenario}`).name(name)
      test.standardOutput(told)
      if (answer === 'fail') test.failure(told)
      if (answer === 'unknown') test.skipped()
    }
    for (const { limit, effect, answer, because } of decision.metrics) {
      const change = effect
        ? `${formatChange(effect.ratio)} (98 %: ${formatChange(effect.low)} to ${formatChange(effect.high)}), `
        : ''
      add(limit.text, answer, `${change}${because}`)
    }
    for (const { text, answer, because } of decision.thresholds) add(text, answer, because)
    add('runs can be compared', decision.runs, decision.because.join('\n') || `${decision.pairs} pairs`)
  }
  for (const scenario of scenarios.slice(results.length)) {
    const suite = builder.testSuite().name(`gate ${scenario}`).timestamp(new Date(startedAt))
    suite.testCase().className(`gate.${scenario}`).name('runs can be compared').standardOutput('not run').skipped()
  }
  return builder.build()
}
