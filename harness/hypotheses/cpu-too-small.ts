import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import {
  effectiveWriteRatePerSec,
  failedAttempts,
  highest,
  longestGapMs,
  longestSilenceMs,
  pendingStretches,
  points,
  type Stretch,
  writeAttempts,
} from '../measure.ts'
import { formatAt, formatMs } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { absent, notMeasurable, percent, seen, seenSince, span, watched } from './observe.ts'
import { progress, writesWithin } from './progress.ts'

/**
 * With the quota used up, this share of periods that ran into it is enough. Alone on its machine a starved service is
 * throttled in nearly all of them; beside one busy neighbour it gets its quota too late to run into it (measured: 26 %
 * of periods, 91 % of the quota used).
 */
const throttledShare = 0.1
const usedShare = 0.9
/** Half a second at the kernel's default period of 100 ms; with fewer, one period decides. */
const fewestPeriods = 5

export const cpuTooSmall: Hypothesis = {
  name: 'cpu-too-small',
  label: 'CPU too small',
  role: 'trigger',
  claim: 'The CPU quota was too small for the load: work went on, but slower than the clients would wait.',
  phrase: 'a starved CPU',
  predictions: [
    {
      statement:
        'the service is throttled in a tenth of the CFS periods or more while work is pending, before the first timeout',
      necessary: true,
      observe(evidence) {
        const used = cpuWhilePending(evidence)
        if ('result' in used) return used
        if (used.throttled === null) return notMeasurable('no reading of throttled periods')
        const share = used.throttled / used.periods
        const because = `throttled in ${percent(share)} of periods`
        return share >= throttledShare ? seenSince(used.sinceMs, because, used.refs) : absent(because, used.refs)
      },
    },
    {
      statement: 'the backlog takes longer to work off than the clients wait, and requests time out',
      necessary: true,
      observe: backlogBeyondPatience,
    },
    {
      statement: 'writes go on meanwhile',
      necessary: true,
      observe: writesGoOn,
    },
    {
      statement: 'it uses its CPU quota up meanwhile',
      necessary: true,
      observe(evidence) {
        const used = cpuWhilePending(evidence)
        if ('result' in used) return used
        const cpus = evidence.appliedLimits?.cpus
        if (!cpus) return notMeasurable('the CPU limit was not read back')
        if (used.cpuMs === null) return notMeasurable('no reading of CPU time')
        const share = used.cpuMs / (used.durationMs * cpus)
        const because = `used ${percent(share)} of its CPU quota`
        return share >= usedShare ? seen(because, used.refs) : absent(because, used.refs)
      },
    },
  ],
}

interface CpuUse {
  readonly periods: number
  readonly throttled: number | null
  readonly cpuMs: number | null
  readonly durationMs: number
  /** The first reading of them. */
  readonly sinceMs: number
  readonly refs: readonly string[]
}

/**
 * Counters of the control group while work was pending, until the first timeout: from then on clients send again, and a
 * CPU that is short only since then is an effect, not the cause.
 */
function cpuWhilePending(evidence: Evidence): CpuUse | Observed {
  const window = watched(evidence)
  if (!('untilMs' in window)) return window
  if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
  const untilMs = failedAttempts(evidence, ['timeout'])[0]?.endedMs ?? window.untilMs
  const pending = pendingStretches(evidence)
    .filter((stretch) => stretch.fromMs < untilMs)
    .map((stretch) => ({ fromMs: stretch.fromMs, toMs: Math.min(stretch.toMs, untilMs) }))

  const readings = evidence.cgroup.filter((probe) => probe.t <= untilMs + 1_000)
  const counted = points(readings, (probe) => probe.periods)
  const whole: Stretch = { fromMs: pending[0]?.fromMs ?? 0, toMs: pending.at(-1)?.toMs ?? 0 }
  if (longestGapMs(counted, whole) > longestSilenceMs(evidence))
    return notMeasurable('no CPU readings that cover the overload')

  let [periods, throttled, cpuMs, durationMs] = [0, 0 as number | null, 0 as number | null, 0]
  const refs: string[] = []
  let sinceMs = 0
  let at = 0
  for (const [index, from] of readings.entries()) {
    const to = readings[index + 1]
    while (at < pending.length && (pending[at]?.toMs ?? 0) <= from.t) at++
    const stretch = pending[at]
    if (!to || !stretch || from.t < stretch.fromMs || to.t > untilMs || from.periods === null || to.periods === null)
      continue
    periods += to.periods - from.periods
    throttled = add(throttled, from.throttledPeriods, to.throttledPeriods)
    cpuMs = add(cpuMs, from.cpuUsageMs, to.cpuUsageMs)
    durationMs += to.t - from.t
    if (refs.length === 0) {
      refs.push(from.ref)
      sinceMs = from.t
    }
    refs[1] = to.ref
  }
  if (periods < fewestPeriods) return notMeasurable(`only ${periods} CFS periods counted while work was pending`)
  return { periods, throttled, cpuMs, durationMs, sinceMs, refs }
}

function add(sum: number | null, from: number | null, to: number | null): number | null {
  return sum === null || from === null || to === null ? null : sum + to - from
}

function backlogBeyondPatience(evidence: Evidence): Observed {
  const window = watched(evidence)
  if (!('untilMs' in window)) return window
  if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
  const { timeoutMs } = evidence.client
  const first = failedAttempts(evidence, ['timeout'])[0]
  if (!first) return absent('no request timed out')

  const pending = points(evidence.service, (probe) => probe.eventsPending, 0, first.endedMs)
  const peak = highest(pending)
  const ratePerSec = effectiveWriteRatePerSec(evidence)
  if (!peak || !ratePerSec) return slowerThanPatience(evidence)
  const waitMs = (peak.value / ratePerSec) * 1000
  const because = `${peak.value} pending at ${ratePerSec.toFixed(1)}/s take ${formatMs(waitMs)}`
  if (waitMs > timeoutMs) return seen(because, [peak.ref, first.ref])
  // The backlog must have been watched while the request that timed out was waiting.
  const isWatched =
    longestGapMs(pending, { fromMs: first.startedMs, toMs: first.endedMs }) <= longestSilenceMs(evidence) / 2
  return isWatched ? absent(because, [peak.ref]) : notMeasurable('no readings of the backlog before the first timeout')
}

/** Without a word from the service: it writes all the time, and still clients whose first request it is give up. */
function slowerThanPatience(evidence: Evidence): Observed {
  const timeouts = failedAttempts(evidence, ['timeout']).filter((attempt) => attempt.attempt === 1)
  const [first, last] = [timeouts[0], timeouts.at(-1)]
  const writes = first && last ? writesWithin(evidence, { fromMs: first.startedMs, toMs: last.endedMs }) : null
  return first && writes?.first
    ? seen(`first attempts time out from ${formatAt(first.endedMs)} on`, [first.ref, writes.first.ref])
    : notMeasurable('no readings of the backlog, nor of writes while first attempts timed out')
}

/** A blocked event loop spins at the quota too: a small CPU is slow, but it never stands still. */
function writesGoOn(evidence: Evidence): Observed {
  if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
  const writes = progress(evidence)
  if (!writes) return notMeasurable('no reading of writes: neither the service nor PostgreSQL')
  const firstTimeoutMs = failedAttempts(evidence, ['timeout'])[0]?.endedMs ?? writes.untilMs
  if (writes.stall && writes.stall.fromMs <= firstTimeoutMs) {
    return absent(`nothing written ${span(writes.stall.fromMs, writes.stall.toMs)}`, writes.stall.refs)
  }
  if (writes.doubt) return notMeasurable(writes.doubt)
  if (writes.lastWriteMs === null) return absent('nothing was written')
  const ratePerSec = effectiveWriteRatePerSec(evidence)
  return seen(
    ratePerSec
      ? `still ${ratePerSec.toFixed(1)} events/s written`
      : `writes went on until ${formatAt(writes.lastWriteMs)}`,
  )
}
