import type { Evidence } from '../evidence.ts'
import { connectionLostMs, fate, isProcessSeen, writeAttempts } from '../measure.ts'
import { formatAt } from '../units.ts'
import type { Finding, ServiceFailure, Verdict } from '../verdict.ts'

/** Why something is not known. `did`: it was the service's own doing, rather than the instrument's. */
interface Reason {
  readonly because: string
  readonly did?: ServiceFailure | undefined
}

/** Why nothing that this run shows can be trusted, the first reason first. Empty: it can. */
export function distrust(evidence: Evidence, findings: readonly Finding[]): Reason[] {
  const { warmUp, burst, end } = evidence
  const instrument = findings.find((finding) => finding.role === 'instrument' && finding.answer === 'supported')
  const reasons: Reason[] = []
  const add = (because: string, did?: ServiceFailure) => reasons.push({ because, did })
  if (!warmUp) add('the warm-up is not on record')
  else if (warmUp.failed > 0)
    add(
      `the warm-up was not clean: ${warmUp.failed} of ${warmUp.attempts} attempts failed`,
      hasFailedInWarmUp(evidence) ? 'failed in the warm-up' : undefined,
    )
  else if (warmUp.attempts === 0 && evidence.phases.warmUpMs > 0) add('the warm-up sent nothing')
  if (evidence.exit && evidence.exit.t < 0)
    add(`DataStorage ended at ${formatAt(evidence.exit.t)}, before the burst`, 'died before the burst')
  if (!burst) add('the burst never began')
  if (!end) add('the record has no end: the harness itself broke off')
  else if (end.reason === 'interrupted') add(`the run was interrupted at ${formatAt(end.t)}`)
  else if (end.reason === 'error')
    add(`the harness failed at ${formatAt(end.t)}${end.message ? `: ${end.message}` : ''}`)
  if (evidence.watchdogKill?.why === 'the watchdog failed') add('the user-space watchdog that limits memory failed')
  if (instrument) add(`the load generator was saturated: ${instrument.because}`)
  return reasons
}

/** Whether the service failed requests of the warm-up, and none of them failed to leave this machine. */
function hasFailedInWarmUp({ attempts }: Evidence): boolean {
  const failures = attempts.flatMap(({ phase, failure }) => (phase === 'warm-up' && failure ? [failure] : []))
  return failures.length > 0 && failures.every(({ errorClass }) => errorClass !== 'local')
}

/** What the service did that leaves a run's outcome unknown, where all reasons are its own doing: a death before the rest. */
export function serviceFailureOf(reasons: readonly Reason[]): ServiceFailure | undefined {
  const done = reasons.flatMap(({ did }) => did ?? [])
  if (done.length < reasons.length) return undefined
  return done.find((did) => did === 'died before the burst') ?? done[0]
}

/** Of a service whose process nobody here can see. */
function unseen(evidence: Evidence): string {
  const lostMs = connectionLostMs(evidence)
  const what = lostMs === null ? 'it gave no answer at the end' : `it gave no connection at ${formatAt(lostMs)}`
  return `${what}, and nobody here can see the service's process`
}

/** What a run that can be trusted shows. `reason` says why it shows neither. */
export function outcomeOf(evidence: Evidence): { outcome: Verdict['outcome']; reason: Reason | null } {
  switch (fate(evidence)) {
    case 'died':
      return { outcome: 'crashed', reason: null }
    case 'unknown':
      return {
        outcome: 'unknown',
        reason: {
          because: isProcessSeen(evidence) ? 'the service ended, but its exit is not on record' : unseen(evidence),
        },
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
          reason: { because: 'whether it still works on what clients gave up cannot be seen from outside' },
        }
      }
      const because = `the backlog had not drained by ${formatAt(end?.t ?? 0)}`
      return { outcome: 'unknown', reason: { because, did: 'not drained in time' } }
    }
  }
}
