import { describe, expect, it } from 'vitest'
import type { Answer, ChainLink, Finding, Role, Verdict } from '../verdict.ts'
import { judgeExpectation } from './expectation.ts'

const finding = (hypothesis: string, label: string, role: Role, answer: Answer): Finding => {
  return { hypothesis, label, role, claim: '', answer, because: 'a fact', observations: [] }
}
const chainOf = (findings: readonly Finding[]): ChainLink[] => {
  return findings
    .filter((one) => one.answer === 'supported' && one.role !== 'instrument')
    .map(({ role, hypothesis }) => ({ role, hypothesis, leadsTo: null, because: null }))
}
const memoryLimit = (answer: Answer) => finding('memory-limit', 'memory limit', 'death', answer)
const cpu = (answer: Answer) => finding('cpu-too-small', 'CPU too small', 'trigger', answer)
const saturated = finding('generator-saturated', 'generator saturated', 'instrument', 'supported')

type Row = [expected: string, outcome: Verdict['outcome'], findings: Finding[], held: boolean | null, exitCode: number]

describe('expectation', () => {
  it.each<Row>([
    ['crash', 'crashed', [], true, 0],
    ['crash', 'survived', [], false, 2],
    ['crash', 'unknown', [], null, 3],
    ['survive', 'survived', [], true, 0],
    ['survive', 'crashed', [memoryLimit('supported')], false, 2],
    ['survive', 'unknown', [], null, 3],
    ['any', 'survived', [], true, 0],
    ['any', 'crashed', [memoryLimit('supported')], true, 0],
    ['any', 'crashed', [memoryLimit('inconclusive'), cpu('supported')], null, 3],
    ['any', 'unknown', [], null, 3],
    ['memory-limit', 'crashed', [memoryLimit('supported')], true, 0],
    ['memory-limit', 'crashed', [memoryLimit('refuted')], false, 2],
    ['memory-limit', 'survived', [memoryLimit('refuted')], false, 2],
    ['memory-limit', 'survived', [memoryLimit('not exercised')], false, 2],
    ['memory-limit', 'crashed', [memoryLimit('inconclusive')], null, 3],
    ['memory-limit', 'unknown', [memoryLimit('supported')], null, 3],
    ['cpu-too-small', 'survived', [cpu('supported')], true, 0],
    ['survive', 'survived', [saturated], null, 3],
    ['no-such-cause', 'crashed', [memoryLimit('supported')], null, 3],
  ])('%s when the service %s', (expected, outcome, findings, held, exitCode) => {
    const judged = judgeExpectation(
      { expectation: expected, from: '--expect' },
      { outcome, findings, chain: chainOf(findings) },
    )
    expect(judged).toMatchObject({ expected, from: '--expect', held, exitCode })
    expect(judged.sentence).toContain(`(exit ${exitCode})`)
  })

  it('says which expectation was judged, and what the code means', () => {
    const sentence = (expectation: string, outcome: Verdict['outcome'], findings: Finding[]) => {
      return judgeExpectation({ expectation, from: 'the scenario' }, { outcome, findings, chain: chainOf(findings) })
        .sentence
    }
    expect(sentence('memory-limit', 'crashed', [memoryLimit('supported')])).toBe(
      'expected a crash by the memory limit: it held (exit 0)',
    )
    expect(sentence('survive', 'crashed', [])).toBe('expected survival: it did not hold, DataStorage crashed (exit 2)')
    expect(sentence('cpu-too-small', 'survived', [cpu('refuted')])).toBe(
      'expected the cause CPU too small: it did not hold, refuted: a fact (exit 2)',
    )
    expect(sentence('any', 'crashed', [])).toBe(
      'expected a verdict, whichever: not known, DataStorage crashed, and what ended it is not known (exit 3)',
    )
  })
})
