import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { batchAttempts, failedAttempts, points } from '../measure.ts'
import { formatAt } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { absent, absentIfWatched, notMeasurable, seen, span, watched } from './observe.ts'
import { progress } from './progress.ts'

export const batchBlocked: Hypothesis = {
  name: 'batch-blocked',
  label: 'batch deadlock',
  role: 'trigger',
  claim: 'Batch writes blocked: work was pending, the service was alive, and nothing was written.',
  phrase: 'a blocked batch write',
  predictions: [
    {
      statement: 'writes stand still while work is pending, or PostgreSQL breaks deadlocks',
      necessary: true,
      observe: writesStandStill,
    },
    {
      statement: 'requests time out or fail with 5xx from then on',
      necessary: true,
      observe(evidence) {
        if (batchAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const fromMs = progress(evidence)?.stall?.fromMs ?? 0
        const harmed = failedAttempts(evidence, ['timeout', '5xx']).filter((attempt) => attempt.endedMs >= fromMs)
        const first = harmed[0]
        if (first) return seen(`${harmed.length} timeouts or 5xx from ${formatAt(first.endedMs)} on`, [first.ref])
        return absentIfWatched(evidence, 'no timeout and no 5xx')
      },
    },
    {
      statement: 'PostgreSQL sessions wait for locks',
      necessary: false,
      observe(evidence) {
        if (evidence.postgres.length === 0) return notMeasurable('no reading of PostgreSQL')
        const waiting = evidence.postgres.filter((probe) => probe.t >= 0 && probe.lockWaits > 0)
        const first = waiting[0]
        return first
          ? seen(`lock waits from ${formatAt(first.t)} on`, [first.ref])
          : absent('no session waited for a lock')
      },
    },
  ],
}

function writesStandStill(evidence: Evidence): Observed {
  if (batchAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
  const window = watched(evidence)
  if (!('untilMs' in window)) return window
  const writes = progress(evidence)
  const deadlocks = deadlocksSinceBurst(evidence, window.untilMs)
  const isFailing = failedAttempts(evidence, ['5xx']).length > 0

  if (writes?.stall) {
    const { fromMs, toMs, refs } = writes.stall
    return seen(`nothing written ${span(fromMs, toMs)}`, refs)
  }
  if (deadlocks && deadlocks.count > 0 && isFailing) return seen(`${deadlocks.count} deadlocks`, deadlocks.refs)

  if (!writes) return notMeasurable('no reading of writes: neither the service nor PostgreSQL')
  if (writes.doubt) return notMeasurable(writes.doubt)
  // A deadlock that fails no request blocks nobody; one that might have failed some must be ruled out by the counter.
  if (isFailing && !deadlocks) return notMeasurable('5xx, and no reading of deadlocks in PostgreSQL')
  const until =
    writes.lastWriteMs === null ? 'no work stood still' : `writes went on until ${formatAt(writes.lastWriteMs)}`
  return absent(deadlocks ? `${until}; ${deadlocks.count} deadlocks` : until, deadlocks?.refs)
}

/** `null`: not covered from the burst to the end. */
function deadlocksSinceBurst(evidence: Evidence, untilMs: number): { count: number; refs: readonly string[] } | null {
  const readings = points(evidence.postgres, (probe) => probe.deadlocks)
  const first = readings.find((point) => point.t >= 0) ?? readings[0]
  const base = readings.findLast((point) => point.t <= 0) ?? first
  const last = readings.at(-1)
  if (!base || !last) return null
  const count = last.value - base.value
  const rise = readings.find((point) => point.value > base.value)
  if (rise) return { count, refs: [rise.ref, last.ref] }
  // Counters may come a second late, so a reading well before the end cannot say "none".
  return last.t >= untilMs - 1_000 ? { count, refs: [last.ref] } : null
}
