import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { failedAttempts, writeAttempts } from '../measure.ts'
import { moreLoad, oneConnection } from '../perturbation.ts'
import { formatAt } from '../units.ts'
import { deadlocksSinceBurst } from './deadlocks.ts'
import { absent, absentIfWatched, notMeasurable, seen, seenSince, watched } from './observe.ts'

export const rowLockDeadlock: Hypothesis = {
  name: 'row-lock-deadlock',
  label: 'row-lock deadlock',
  role: 'trigger',
  claim: 'Batch writes locked rows in different orders: PostgreSQL broke the deadlocks by failing one of them (40P01).',
  phrase: 'deadlocks between batch writes',
  // Who is alone waits for nobody's locks, and a small pool helps no other cause.
  perturbations: [
    { expected: 'gone', ...oneConnection },
    { expected: 'sooner', ...moreLoad },
  ],
  predictions: [
    {
      statement: 'PostgreSQL breaks deadlocks: its counter rises, or its log says 40P01',
      necessary: true,
      observe(evidence) {
        const window = watched(evidence)
        if (!('untilMs' in window)) return window
        const deadlocks = deadlocksSinceBurst(evidence, window.untilMs)
        if (!deadlocks) return notMeasurable('no readings of deadlocks that cover the run')
        const first = deadlocks.rises[0]
        const because = `${deadlocks.count} deadlocks`
        return first
          ? seenSince(deadlocks.sinceMs ?? first.toMs, because, deadlocks.refs)
          : absent(because, deadlocks.refs)
      },
    },
    {
      statement: 'requests fail with 5xx, or time out, as it does',
      necessary: true,
      observe(evidence) {
        if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const window = watched(evidence)
        const isKnown = 'untilMs' in window && deadlocksSinceBurst(evidence, window.untilMs) !== null
        const harmed = isKnown ? harmedByDeadlocks(evidence) : failedAttempts(evidence, ['5xx', 'timeout'])
        const first = harmed[0]
        return first
          ? seen(`${harmed.length} timeouts or 5xx from ${formatAt(first.endedMs)} on`, [first.ref])
          : absentIfWatched(evidence, 'no timeout and no 5xx at that time')
      },
    },
    {
      statement: 'PostgreSQL sessions wait for locks',
      necessary: false,
      observe(evidence) {
        if (evidence.postgres.length === 0) return notMeasurable('no reading of PostgreSQL')
        const first = evidence.postgres.find((probe) => probe.t >= 0 && probe.lockWaits > 0)
        return first
          ? seen(`lock waits from ${formatAt(first.t)} on`, [first.ref])
          : absent('no session waited for a lock')
      },
    },
  ],
}

/** PostgreSQL breaks a deadlock by failing one of its transactions, so the batch fails as the counter rises. */
function harmedByDeadlocks(evidence: Evidence) {
  const window = watched(evidence)
  const rises = 'untilMs' in window ? (deadlocksSinceBurst(evidence, window.untilMs)?.rises ?? []) : []
  return failedAttempts(evidence, ['5xx', 'timeout']).filter(({ startedMs, endedMs }) => {
    return rises.some((rise) => endedMs >= rise.fromMs && startedMs <= rise.toMs)
  })
}
