import type { Evidence } from '../evidence.ts'
import { connectionLostMs, fate, isProcessSeen, writeAttempts } from '../measure.ts'
import { formatAt } from '../units.ts'
import type { Finding, Verdict } from '../verdict.ts'

/** Why nothing that this run shows can be trusted, the first reason first. Empty: it can. */
export function distrust(evidence: Evidence, findings: readonly Finding[]): string[] {
  const { warmUp, burst, end } = evidence
  const instrument = findings.find((finding) => finding.role === 'instrument' && finding.answer === 'supported')
  const reasons: string[] = []
  if (!warmUp) reasons.push('the warm-up is not on record')
  else if (warmUp.failed > 0)
    reasons.push(`the warm-up was not clean: ${warmUp.failed} of ${warmUp.attempts} attempts failed`)
  else if (warmUp.attempts === 0 && evidence.phases.warmUpMs > 0) reasons.push('the warm-up sent nothing')
  if (evidence.exit && evidence.exit.t < 0)
    reasons.push(`DataStorage ended at ${formatAt(evidence.exit.t)}, before the burst`)
  if (!burst) reasons.push('the burst never began')
  if (!end) reasons.push('the record has no end: the harness itself broke off')
  else if (end.reason === 'interrupted') reasons.push(`the run was interrupted at ${formatAt(end.t)}`)
  else if (end.reason === 'error')
    reasons.push(`the harness failed at ${formatAt(end.t)}${end.message ? `: ${end.message}` : ''}`)
  if (evidence.watchdogKill?.why === 'the watchdog failed')
    reasons.push('the user-space watchdog that limits memory failed')
  if (instrument) reasons.push(`the load generator was saturated: ${instrument.because}`)
  return reasons
}

/** Of a service whose process nobody here can see. */
function unseen(evidence: Evidence): string {
  const lostMs = connectionLostMs(evidence)
  const what = lostMs === null ? 'it gave no answer at the end' : `it gave no connection at ${formatAt(lostMs)}`
  return `${what}, and nobody here can see the service's process`
}

/** What a run that can be trusted shows. `reason` says why it shows neither. */
export function outcomeOf(evidence: Evidence): { outcome: Verdict['outcome']; reason: string | null } {
  switch (fate(evidence)) {
    case 'died':
      return { outcome: 'crashed', reason: null }
    case 'unknown':
      return {
        outcome: 'unknown',
        reason: isProcessSeen(evidence) ? 'the service ended, but its exit is not on record' : unseen(evidence),
      }
    case 'alive': {
      const { end } = evidence
      if (end?.reason === 'drained') return { outcome: 'survived', reason: null }
      // What has been answered is no longer pending.
      if (end?.reason === 'load-over') {
        const isAnswered = writeAttempts(evidence).every((attempt) => attempt.outcome !== 'unknown')
        if (isAnswered) return { outcome: 'survived', reason: null }
        return {
          outcome: 'unknown',
          reason: 'whether it still works on what clients gave up cannot be seen from outside',
        }
      }
      return { outcome: 'unknown', reason: `the backlog had not drained by ${formatAt(end?.t ?? 0)}` }
    }
  }
}
