import junitModule from 'junit-report-builder'
import type { Manifest } from '../record.ts'
import type { Finding, Verdict } from '../verdict.ts'
import { inert } from './inert.ts'

// A CommonJS module, whose default import is the builder itself: its types say otherwise.
const junit = junitModule as unknown as typeof junitModule.default

/** An empty JUnit report. */
export const createJunit = () => junit.newBuilder()

/**
 * report.junit.xml: the expectation as the one test that can fail, and every hypothesis as a test that passes where it was
 * settled, either way, and is skipped where it was not: no data is never a pass.
 */
export function renderJunit(told: Verdict, { scenario, startedAt }: Manifest): string {
  const { expectation, findings, headline, missing, run } = inert(told)
  const builder = createJunit()
  const suite = builder.testSuite().name(inert(scenario)).timestamp(new Date(startedAt)).property('run', run)
  const expected = suite.testCase().className(inert(scenario)).name(`expected: ${expectation.expected}`)
  expected.standardOutput([headline, ...missing.map((one) => `not known: ${one}`)].join('\n'))
  if (expectation.held === false) expected.failure(`${headline} ${expectation.sentence}`)
  if (expectation.held === null) expected.skipped().standardError(expectation.sentence)
  for (const finding of findings) {
    const test = suite
      .testCase()
      .className(`${inert(scenario)}.hypotheses`)
      .name(finding.label)
    test.standardOutput(describe(finding))
    if (finding.answer === 'inconclusive' || finding.answer === 'not exercised') test.skipped()
  }
  return builder.build()
}

function describe({ answer, because, claim, observations }: Finding): string {
  const lines = observations.map((one) => `- ${one.prediction}: ${one.result}. ${one.because} ${one.refs.join(' ')}`)
  return [`${answer}: ${because}`, claim, ...lines].join('\n')
}
