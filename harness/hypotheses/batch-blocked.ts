import type { Evidence, Recorded } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { failedAttempts, points, writeAttempts } from '../measure.ts'
import type { Attempt } from '../sample.ts'
import { formatAt } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { absent, absentIfWatched, notMeasurable, seen, seenSince, span, watched } from './observe.ts'
import { type Progress, postgresLagMs, progress } from './progress.ts'

export const batchBlocked: Hypothesis = {
  name: 'batch-blocked',
  label: 'blocked writes',
  role: 'trigger',
  claim:
    'Batch writes blocked: nothing was written while work was pending, or PostgreSQL broke deadlocks and batches failed.',
  phrase: 'a blocked batch write',
  predictions: [
    {
      statement: 'writes stand still while work is pending, or PostgreSQL breaks deadlocks and batches fail',
      necessary: true,
      observe: writesStandStill,
    },
    {
      statement: 'requests time out or fail with 5xx at that time',
      necessary: true,
      observe(evidence) {
        if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const block = blockOf(evidence, progress(evidence))
        const harmed = block ? block.harmed : failedAttempts(evidence, ['timeout', '5xx'])
        const first = harmed[0]
        if (first) return seen(`${harmed.length} timeouts or 5xx from ${formatAt(first.endedMs)} on`, [first.ref])
        return absentIfWatched(evidence, `no timeout and no 5xx${block ? ' at that time' : ''}`)
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
  if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
  const window = watched(evidence)
  if (!('untilMs' in window)) return window
  const writes = progress(evidence)
  const block = blockOf(evidence, writes)
  if (block) return seenSince(block.sinceMs, block.because, block.refs)

  const deadlocks = deadlocksSinceBurst(evidence, window.untilMs)
  if (!writes) return notMeasurable('no reading of writes: neither the service nor PostgreSQL')
  if (writes.doubt) return notMeasurable(writes.doubt)
  // A deadlock that fails no request blocks nobody; one that might have failed some must be ruled out by the counter.
  const isFailing = failedAttempts(evidence, ['5xx']).length > 0
  if (isFailing && !deadlocks) return notMeasurable('5xx, and no reading of deadlocks in PostgreSQL')
  const until =
    writes.lastWriteMs === null ? 'no work stood still' : `writes went on until ${formatAt(writes.lastWriteMs)}`
  return absent(deadlocks ? `${until}; ${deadlocks.count} deadlocks` : until, deadlocks?.refs)
}

interface Block {
  readonly sinceMs: number
  readonly because: string
  readonly refs: readonly string[]
  /** Attempts that failed at that time. */
  readonly harmed: readonly Recorded<Attempt>[]
}

/** Writes that stood still, or deadlocks: whichever harmed somebody, a standstill first. */
function blockOf(evidence: Evidence, writes: Progress | null): Block | null {
  const window = watched(evidence)
  if (!('untilMs' in window)) return null
  const { stall } = writes ?? { stall: null }
  const still = stall && {
    sinceMs: stall.fromMs,
    because: `nothing written ${span(stall.fromMs, stall.toMs)}`,
    refs: stall.refs,
    harmed: failedAttempts(evidence, ['timeout', '5xx']).filter(
      (attempt) => attempt.endedMs >= stall.fromMs && attempt.startedMs <= stall.toMs,
    ),
  }
  if (still && still.harmed.length > 0) return still

  const deadlocks = deadlocksSinceBurst(evidence, window.untilMs)
  const { rises = [], count = 0, refs = [] } = deadlocks ?? {}
  // PostgreSQL breaks a deadlock by failing one of its transactions, so the batch fails as the counter rises.
  const harmed = failedAttempts(evidence, ['5xx']).filter(({ endedMs }) => {
    return rises.some((rise) => endedMs >= rise.fromMs && endedMs <= rise.toMs + evidence.client.timeoutMs)
  })
  const first = rises[0]
  if (first && harmed.length > 0) return { sinceMs: first.toMs, because: `${count} deadlocks`, refs, harmed }
  return still
}

interface Deadlocks {
  readonly count: number
  /** Between which readings the counter rose, less what PostgreSQL's statistics lag. */
  readonly rises: readonly { readonly fromMs: number; readonly toMs: number }[]
  readonly refs: readonly string[]
}

/** `null`: not covered from the burst to the end. A counter that went down began anew, with a restart of the database. */
function deadlocksSinceBurst(evidence: Evidence, untilMs: number): Deadlocks | null {
  const readings = points(evidence.postgres, (probe) => probe.deadlocks)
  const base = readings.findLast((point) => point.t <= 0) ?? readings[0]
  const last = readings.at(-1)
  if (!base || !last) return null
  const steps = readings
    .filter((point) => point.t > base.t)
    .map((to, index, later) => {
      const from = later[index - 1] ?? base
      const isReset = to.value < from.value
      return { from, to, isReset, count: isReset ? to.value : to.value - from.value }
    })
  const rising = steps.filter((step) => step.count > 0)
  const count = rising.reduce((sum, step) => sum + step.count, 0)
  const rises = rising.map(({ from, to }) => ({ fromMs: from.t - postgresLagMs, toMs: to.t }))
  const first = rising[0]
  if (first) return { count, rises, refs: [first.to.ref, last.ref] }
  // Counters may come a second late, so a reading well before the end cannot say "none"; nor can one that began anew.
  const isCovered = last.t >= untilMs - postgresLagMs && !steps.some((step) => step.isReset)
  return isCovered ? { count, rises, refs: [last.ref] } : null
}
