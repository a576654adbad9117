import { memoryFollowsBacklog } from '../backlog-memory.ts'
import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import {
  firstIndex,
  highest,
  longestGapMs,
  type Point,
  pendingStretches,
  points,
  type Stretch,
  watchedUntilMs,
  writeAttempts,
} from '../measure.ts'
import { gentlerPace, lessMemory, moreCpu, moreMemory, noRetries } from '../perturbation.ts'
import { formatAt, formatBytes } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { absent, notMeasurable, percent, seen, seenSince, watched } from './observe.ts'

/** Of the limit: so much of its own memory must a service have come to have. */
const atLimitShare = 0.85
/** Of the limit: what it took since the burst, without which the limit was used up before. */
const grewShare = 0.25
/** Of the growth: what is still held at a moment without any work is not held for work. */
const heldIdleShare = 0.5
/** So long must no work have been pending: what it had taken is given back by then. */
const idleForMs = 20
/** A longer gap between two readings of memory hides when it came. */
const longestGap = 500

export const memoryGrowth: Hypothesis = {
  name: 'memory-growth',
  label: 'memory growth',
  role: 'trigger',
  claim: "The service's own memory grew up to its limit whatever work was pending: it was not work that filled it.",
  phrase: 'memory that grew without work',
  perturbations: [
    // What grows whatever work is pending grows with less of it, too.
    {
      expected: 'alike',
      does: 'with less work at a time',
      changes: (run) => [gentlerPace, noRetries, moreCpu].flatMap((less) => less.changes(run)),
    },
    { expected: 'gone or later', ...moreMemory },
    { expected: 'sooner', ...lessMemory },
  ],
  predictions: [
    {
      // Page cache counts as use, too, and makes room for whoever asks: it is not looked at here.
      statement: "the service's own memory (anonymous, not page cache) grows from the burst on, up to its limit",
      necessary: true,
      observe: reachesLimit,
    },
    {
      statement: 'most of it is held at a moment without any pending work',
      necessary: true,
      observe: heldWithoutWork,
    },
  ],
  notExercised({ appliedLimits }) {
    const isShared = appliedLimits?.memoryScope === 'stack'
    return isShared ? 'one limit holds the whole stack: who grew is told there' : null
  },
}

function ownMemory(evidence: Evidence, untilMs: number): Point[] {
  return points(evidence.cgroup, (probe) => probe.rssBytes, undefined, untilMs)
}

/** From the burst to the highest reading. */
function growth(evidence: Evidence) {
  const untilMs = watchedUntilMs(evidence)
  const series = untilMs === null ? [] : ownMemory(evidence, untilMs)
  const before = series.findLast((point) => point.t <= 0) ?? series[0]
  const peak = highest(series)
  return before && peak && peak.t > before.t ? { series, before, peak, bytes: peak.value - before.value } : null
}

function reachesLimit(evidence: Evidence): Observed {
  const window = watched(evidence)
  if (!('untilMs' in window)) return window
  const limitBytes = evidence.appliedLimits?.memoryLimitBytes
  if (!limitBytes) return notMeasurable('the memory limit was not read back')
  const series = ownMemory(evidence, window.untilMs)
  const peak = highest(series)
  if (!peak) return notMeasurable("no reading of the service's own memory")
  const because = `its own memory at most ${formatBytes(peak.value)} of ${formatBytes(limitBytes)}`
  const grown = growth(evidence)
  if (peak.value >= atLimitShare * limitBytes && grown && grown.bytes >= grewShare * limitBytes) {
    const half = grown.series.find((point) => point.value >= grown.before.value + 0.1 * grown.bytes)
    return seenSince(half?.t ?? grown.before.t, because, [grown.before.ref, peak.ref])
  }
  const isCovered = longestGapMs(series, { fromMs: 0, toMs: window.untilMs }) <= 2 * longestGap
  return isCovered
    ? absent(because, [peak.ref])
    : notMeasurable("no readings of the service's own memory up to the end")
}

function heldWithoutWork(evidence: Evidence): Observed {
  const grown = growth(evidence)
  if (!grown || grown.bytes <= 0) return notMeasurable("no growth of the service's own memory was seen")
  const follows = memoryFollowsBacklog(evidence)
  if (follows) return absent(follows, [grown.peak.ref])
  if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
  const pending = pendingStretches(evidence)
  const isIdle = idleByService(evidence) ?? idleByClients(evidence)
  const idle = grown.series.filter(({ t }) => {
    return t > grown.before.t && t <= grown.peak.t && isIdle(t) && !isNearAny(pending, t)
  })
  const most = highest(idle)
  if (!most) return notMeasurable('work was pending all the time that memory grew')
  const share = (most.value - grown.before.value) / grown.bytes
  const because = `${percent(Math.max(0, share))} of its growth was held at ${formatAt(most.t)}, without any pending work`
  // A moment without work early on says nothing of what was taken later.
  return share >= heldIdleShare ? seen(because, [most.ref, grown.peak.ref]) : notMeasurable(because)
}

/** What the service itself says to be pending, right then. `null`: it does not say. */
function idleByService({ service }: Evidence): ((t: number) => boolean) | null {
  const said = service.filter((probe) => probe.eventsPending !== null)
  if (said.length === 0) return null
  const idleMs = said.flatMap((probe) => (probe.eventsPending === 0 ? [probe.t] : [])).sort((a, b) => a - b)
  return (t) => {
    const nextMs = idleMs[firstIndex(idleMs, (at) => at >= t - longestGap)]
    return nextMs !== undefined && nextMs <= t + longestGap
  }
}

/** As long as every request was answered, none can be pending that nobody waits for. */
function idleByClients(evidence: Evidence): (t: number) => boolean {
  const unansweredMs = writeAttempts(evidence)
    .filter((attempt) => attempt.outcome === 'unknown')
    .reduce((first, attempt) => Math.min(first, attempt.endedMs), Number.POSITIVE_INFINITY)
  return (t) => t < unansweredMs
}

/** Of stretches by time, none of which overlap: the last that had begun is the one that could last until then. */
function isNearAny(stretches: readonly Stretch[], t: number): boolean {
  const last = stretches[firstIndex(stretches, ({ fromMs }) => fromMs > t) - 1]
  return last !== undefined && t <= last.toMs + idleForMs
}
