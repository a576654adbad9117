import type { Evidence } from '../evidence.ts'
import type { Hypothesis, Prediction } from '../hypothesis.ts'
import {
  effectiveWriteRatePerSec,
  failedAttempts,
  highest,
  longestGapMs,
  longestSilenceMs,
  type Point,
  points,
  type Stretch,
  writeAttempts,
} from '../measure.ts'
import { lessCpu, moreCpu } from '../perturbation.ts'
import { formatAt, formatMs } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { limitInForce, usesPinnedCpusUp, waitsForCpu } from './cpu-pinned.ts'
import { type CpuUse, cpuWhilePending } from './cpu-use.ts'
import { absent, notMeasurable, percent, seen, seenSince, span, watched } from './observe.ts'
import { progress, writesWithin } from './progress.ts'

/**
 * With the quota used up, this share of periods that ran into it is enough. Alone on its machine a starved service is
 * throttled in nearly all of them; beside one busy neighbour it gets its quota too late to run into it (measured: 26 %
 * of periods, 91 % of the quota used).
 */
const throttledShare = 0.1
const usedShare = 0.9
/** From here to `usedShare` other processes may have had the rest: a machine with two busy neighbours left 89 %. */
const crowdedShare = 0.75
/** Half a second at the kernel's default period of 100 ms; with fewer, one period decides. */
const fewestPeriods = 5

/**
 * Of the clients' patience. The backlog over the write rate is the wait of the last in a queue; a service that takes the
 * newest first, or refuses the oldest, makes some wait longer and others hardly (measured: 83 %).
 */
const patienceShare = 0.5

const backlogBeyondPatience: Prediction = {
  statement: 'the backlog takes most of what the clients wait, or longer, to work off, and requests time out',
  necessary: true,
  observe: observeBacklog,
}

const writesGoOn: Prediction = { statement: 'writes go on meanwhile', necessary: true, observe: observeWrites }

export const cpuTooSmall: Hypothesis = {
  name: 'cpu-too-small',
  label: 'CPU too small',
  role: 'trigger',
  claim: 'The CPU quota was too small for the load: work went on, but slower than the clients would wait.',
  phrase: 'a starved CPU',
  perturbations: [
    { expected: 'gone', ...moreCpu },
    { expected: 'sooner', ...lessCpu },
  ],
  predictions: [
    {
      statement:
        'the service is throttled in a tenth of the CFS periods or more while work is pending, before the first timeout',
      necessary: true,
      observe(evidence) {
        const used = quotaUse(evidence)
        if ('result' in used) return used
        if (used.throttled === null) return notMeasurable('no reading of throttled periods')
        const share = used.throttled / used.periods
        const because = `throttled in ${percent(share)} of periods`
        return share >= throttledShare ? seenSince(used.sinceMs, because, used.refs) : absent(because, used.refs)
      },
    },
    backlogBeyondPatience,
    writesGoOn,
    {
      statement: 'it uses its CPU quota up meanwhile',
      necessary: true,
      observe(evidence) {
        const used = quotaUse(evidence)
        if ('result' in used) return used
        const cpus = evidence.appliedLimits?.cpus
        if (!cpus) return notMeasurable('the CPU limit was not read back')
        if (used.cpuMs === null) return notMeasurable('no reading of CPU time')
        const share = used.cpuMs / (used.durationMs * cpus)
        const because = `used ${percent(share)} of its CPU quota`
        if (share >= usedShare) return seen(because, used.refs)
        // It ran into the quota at times, and in between it wanted no CPU, or got none: only the time it waited can tell.
        const isCrowdedOut = used.waitedMs === null || used.waitedMs + used.cpuMs >= usedShare * used.durationMs * cpus
        return share >= crowdedShare && isCrowdedOut
          ? notMeasurable(`${because}: other processes may have had the rest`)
          : absent(because, used.refs)
      },
    },
  ],
  given({ appliedLimits }) {
    switch (appliedLimits?.cpusBy) {
      case 'affinity':
        return { claim: pinnedClaim, predictions: [waitsForCpu, backlogBeyondPatience, writesGoOn, usesPinnedCpusUp] }
      case 'nothing':
        return { predictions: [limitInForce] }
      default:
        return null
    }
  },
}

const pinnedClaim =
  'The CPUs that the service was pinned to were too few for the load: work went on, but slower than the clients would wait.'

/** As `cpuWhilePending`, with enough CFS periods to tell. */
function quotaUse(evidence: Evidence): (CpuUse & { readonly periods: number }) | Observed {
  const used = cpuWhilePending(evidence, 'periods')
  if ('result' in used) return used
  const periods = used.periods ?? 0
  if (periods >= fewestPeriods) return { ...used, periods }
  return notMeasurable(`only ${periods} CFS periods counted while work was pending`)
}

function observeBacklog(evidence: Evidence): Observed {
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
  if (waitMs > patienceShare * timeoutMs) return seen(because, [peak.ref, first.ref])
  const unread = sentButNotWritten(evidence, { fromMs: first.startedMs, toMs: first.endedMs + timeoutMs })
  const unreadWaitMs = unread ? (unread.value / ratePerSec) * 1000 : 0
  if (unread && unreadWaitMs > patienceShare * timeoutMs) {
    const outside = `${unread.value} sent and not written at ${ratePerSec.toFixed(1)}/s take ${formatMs(unreadWaitMs)}`
    return seen(`${outside}, ${peak.value} of them accepted`, [unread.ref, peak.ref, first.ref])
  }
  // The backlog must have been watched while the request that timed out was waiting.
  const isWatched =
    longestGapMs(pending, { fromMs: first.startedMs, toMs: first.endedMs }) <= longestSilenceMs(evidence) / 2
  return isWatched ? absent(because, [peak.ref]) : notMeasurable('no readings of the backlog before the first timeout')
}

/**
 * The most events that clients had sent and the service had not written, at its readings of a stretch: a starved service
 * leaves requests in its sockets, unread, where its own count of pending events does not see them. Sending again adds
 * nothing to them, so they tell beyond the first timeout too, until all have ended that were under way then. Those whose
 * answer was lost are written, and do not count.
 */
function sentButNotWritten(evidence: Evidence, { fromMs, toMs }: Stretch): Point | undefined {
  const readings = points(evidence.service, (probe) => probe.eventsWritten)
  const before = readings.findLast(({ t }) => t <= 0)
  if (!before) return undefined
  const sent = writeAttempts(evidence).filter(({ attempt }) => attempt === 1)
  return highest(
    readings
      .filter(({ t }) => t > before.t && t >= fromMs && t <= toMs)
      .map((reading) => {
        const events = sent.reduce((sum, one) => (one.startedMs <= reading.t ? sum + one.events : sum), 0)
        return { ...reading, value: events - (reading.value - before.value) }
      }),
  )
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
function observeWrites(evidence: Evidence): Observed {
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
