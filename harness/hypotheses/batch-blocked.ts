import type { Evidence, Recorded } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { failedAttempts, writeAttempts } from '../measure.ts'
import type { Attempt } from '../sample.ts'
import { formatAt } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { atLimitShare } from './memory-limit.ts'
import { absent, absentIfWatched, notMeasurable, seen, seenSince, span, watched } from './observe.ts'
import { type Progress, progress } from './progress.ts'

export const batchBlocked: Hypothesis = {
  name: 'batch-blocked',
  label: 'blocked writes',
  role: 'trigger',
  claim: 'Batch writes blocked: nothing was written for a long time, while work was pending.',
  phrase: 'a blocked batch write',
  perturbations: { none: 'what blocked it is not known, so no knob is known to free it' },
  predictions: [
    {
      statement: 'writes stand still while work is pending',
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
  const starved = block && memoryAtLimit(evidence, block)
  if (starved) return notMeasurable(`${block.because}, but ${starved}`)
  if (block) return seenSince(block.sinceMs, block.because, block.refs)

  if (!writes) return notMeasurable('no reading of writes: neither the service nor PostgreSQL')
  if (writes.doubt) return notMeasurable(writes.doubt)
  return absent(
    writes.lastWriteMs === null ? 'no work stood still' : `writes went on until ${formatAt(writes.lastWriteMs)}`,
  )
}

/**
 * At its memory limit a service whose anonymous memory leaves no room reads its own program from disk again and again
 * (measured: alive and standing still for 45 s, at 94 % anonymous memory in a container): nothing is blocked then.
 */
function memoryAtLimit({ cgroup, appliedLimits }: Evidence, { sinceMs, toMs }: Block): string | null {
  const limitBytes = appliedLimits?.memoryLimitBytes
  const during = cgroup.filter(({ t, memoryBytes }) => t >= sinceMs && t <= toMs && memoryBytes !== null)
  if (!limitBytes || during.length === 0) return null
  const full = during.filter(({ memoryBytes }) => (memoryBytes ?? 0) >= atLimitShare * limitBytes)
  return full.length >= during.length / 2 ? 'its memory was at the limit meanwhile' : null
}

interface Block {
  readonly sinceMs: number
  readonly toMs: number
  readonly because: string
  readonly refs: readonly string[]
  /** Attempts that failed at that time. */
  readonly harmed: readonly Recorded<Attempt>[]
}

/** The longest time in which writes stood still. */
function blockOf(evidence: Evidence, writes: Progress | null): Block | null {
  const { stall } = writes ?? { stall: null }
  return (
    stall && {
      sinceMs: stall.fromMs,
      toMs: stall.toMs,
      because: `nothing written ${span(stall.fromMs, stall.toMs)}`,
      refs: stall.refs,
      harmed: failedAttempts(evidence, ['timeout', '5xx']).filter(
        (attempt) => attempt.endedMs >= stall.fromMs && attempt.startedMs <= stall.toMs,
      ),
    }
  )
}
