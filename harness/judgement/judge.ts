import type { Evidence } from '../evidence.ts'
import { type Hypothesis, inViewOf } from '../hypothesis.ts'
import { deathMs } from '../measure.ts'
import { type Manifest, schemaVersion } from '../record.ts'
import type { Verdict } from '../verdict.ts'
import { accounting, recovery } from './accounting.ts'
import { chain } from './chain.ts'
import { consequenceOf } from './consequences.ts'
import { cpu, cpuLimitNotInForce } from './cpu.ts'
import { judgeExpectation } from './expectation.ts'
import { find, withhold } from './find.ts'
import { headline } from './headline.ts'
import { latency } from './latency.ts'
import { memory } from './memory.ts'
import { plausibility } from './plausibility.ts'
import { ranIn } from './ran-in.ts'
import { timeline } from './timeline.ts'
import { distrust, outcomeOf, serviceFailureOf } from './trust.ts'

/**
 * Judges a run from its record. Pure: the same record gives the same verdict, to the byte. The manifest gives the run's
 * name and expectation; causes are found in the evidence alone.
 */
export function judge(manifest: Manifest, evidence: Evidence, hypotheses: readonly Hypothesis[]): Verdict {
  const found = hypotheses.map((hypothesis) => find(hypothesis, evidence))
  const reasons = distrust(evidence, found)
  const distrusted = reasons[0]?.because
  const trusted = found.map((finding) => {
    return distrusted && finding.role !== 'instrument' ? withhold(finding, distrusted) : finding
  })
  const supported = trusted.filter((finding) => finding.answer === 'supported')
  const findings = trusted.map((finding) => {
    const cause = finding.answer === 'supported' ? consequenceOf(finding, supported) : null
    return cause === null ? finding : { ...finding, consequenceOf: cause }
  })
  const trustedOutcome = distrusted ? null : outcomeOf(evidence)
  const whyUnknown = trustedOutcome ? [trustedOutcome.reason ?? []].flat() : reasons
  const outcome = trustedOutcome?.outcome ?? 'unknown'
  const reason = whyUnknown[0]?.because ?? null
  const serviceFailure = serviceFailureOf(whyUnknown)
  const causes = chain(findings, evidence)
  const events = accounting(evidence)
  const again = recovery(evidence)
  const memoryUse = memory(evidence)
  const phrases = new Map(hypotheses.map((one) => [one.name, inViewOf(one, evidence).phrase]))
  const told = { outcome, chain: causes, findings, accounting: events, reason, phrases }
  const notInForce = cpuLimitNotInForce(evidence)

  const missing = whyUnknown.map(({ because }) => because)
  for (const { answer, label, because } of found) {
    if (answer === 'inconclusive') missing.push(`${label}: ${because}`)
  }
  if (notInForce) missing.push(notInForce.because)
  if (!evidence.stored) missing.push('the stored events: the database was not read back')
  else if (events.acknowledgedAndLost === null) missing.push('accepted events: the dead-letter queue was not read back')
  if (evidence.recovered && !again)
    missing.push(`what comes back: ${evidence.recovered.event.problem ?? 'not wholly read back'}`)

  return {
    schemaVersion,
    run: manifest.id,
    scenario: manifest.scenario,
    outcome,
    ...(serviceFailure && { serviceFailure }),
    headline: [headline(told, evidence), notInForce?.sentence].filter(Boolean).join(' '),
    diedMs: deathMs(evidence),
    chain: causes,
    findings,
    missing,
    timeline: timeline(evidence),
    memory: memoryUse,
    cpu: cpu(evidence),
    ranIn: ranIn(evidence),
    latency: latency(evidence),
    accounting: events,
    ...(again && { recovery: again }),
    plausibility: plausibility(evidence),
    ...(evidence.checks.length > 0 && {
      checks: evidence.checks.map(({ name, result, because, tookMs }) => ({ name, result, because, tookMs })),
    }),
    expectation: judgeExpectation(manifest.expect, {
      ...told,
      notInForce: notInForce?.what ?? null,
      limiter: memoryUse.limiter,
    }),
  }
}
