import type { Ending } from '../../diagnosis.ts'
import type { Evidence } from '../../evidence.ts'
import { failedAttempts, fate, watchedUntilMs, writeAttempts } from '../../measure.ts'
import type { Answer, Verdict } from '../../verdict.ts'

/** How a run ended, as far as it can be trusted; else why it tells nothing. */
export function endingOf(verdict: Verdict, evidence: Evidence): Ending | { readonly why: string } {
  const isCutOff = evidence.end?.reason === 'time-limit' && fate(evidence) === 'alive'
  // That the time ran out before the backlog did leaves no doubt that it lived until then.
  if (verdict.outcome === 'unknown' && !(isCutOff && isTrusted(verdict, evidence))) {
    return { why: verdict.missing[0] ?? 'the record does not say' }
  }
  const { exit } = evidence
  return {
    diedMs: verdict.diedMs,
    watchedUntilMs: watchedUntilMs(evidence) ?? 0,
    deaths: verdict.chain.flatMap(({ role, hypothesis, part }) => (role === 'death' && !part ? [hypothesis] : [])),
    how: exit && (exit.signal ?? `exit code ${exit.code}`),
  }
}

function isTrusted({ findings }: Verdict, { warmUp }: Evidence): boolean {
  const isSaturated = findings.some(({ role, answer }) => role === 'instrument' && answer === 'supported')
  return !isSaturated && warmUp !== null && warmUp.failed === 0
}

/** Of the writes that ended while the service lived: how many failed. */
export function writesOf(evidence: Evidence): { readonly failed: number; readonly of: number } {
  const untilMs = watchedUntilMs(evidence) ?? 0
  const failed = failedAttempts(evidence, ['timeout', '5xx', 'reset', 'connect-timeout'])
  return { failed: failed.length, of: writeAttempts(evidence).filter(({ endedMs }) => endedMs <= untilMs).length }
}

export function answersOf({ findings }: Verdict): Record<string, Answer> {
  return Object.fromEntries(findings.map(({ hypothesis, answer }) => [hypothesis, answer]))
}
