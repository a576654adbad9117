import { steadyMs } from '../arrivals.ts'
import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { longestGapMs, points, type Stretch, writeAttempts } from '../measure.ts'
import { floors, type Trend, trendOf } from '../trend.ts'
import { formatBytes, formatMs } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { absent, notMeasurable, seen, watched } from './observe.ts'

/** A load that is steady for less long tells a leak from a service that warms up by luck alone. */
const steadyForMs = 150_000
/** Of the steady load: what a runtime takes to warm up, to compile and to size its heap. Node took a minute and 30 MiB. */
const warmUpShare = 0.4
const parts = 24
/** Less than this is what a healthy service's heap does for itself. */
const leastGrowthBytes = 16 * 2 ** 20
/** Of what it had when it had warmed up. */
const leastGrowthShare = 0.1
/** Of the slope all in all: what slows down more than that may come to an end. */
const goesOnShare = 0.75
/** Load that rose by more explains memory that rose. */
const mostLoadGrowth = 1.1

export const slowLeak: Hypothesis = {
  name: 'slow-leak',
  label: 'slow leak',
  role: 'trigger',
  claim: "Under a steady load the service's own memory rises by a steady amount, and does not come back.",
  phrase: 'memory that leaks slowly',
  perturbations: { none: 'a leak is found before it crashes anything: there is no crash to change' },
  predictions: [
    {
      statement: 'the lowest its own memory falls back to rises, beyond what chance and a warm-up explain',
      necessary: true,
      observe: rises,
    },
    { statement: 'it rises in the second half, too, and hardly slower', necessary: true, observe: goesOn },
    {
      statement: 'neither the load nor the pending work rises meanwhile',
      necessary: true,
      observe: loadIsSteady,
    },
  ],
  notExercised(evidence) {
    const stretch = steadyStretch(evidence)
    if (!stretch) return 'the load is not steady for long enough to tell a leak from a warm-up'
    return null
  },
}

/** The part of the run with a steady load, once the service has warmed up. `null`: there is none. */
function steadyStretch(evidence: Evidence): Stretch | null {
  const loadMs = steadyMs(evidence.load)
  if (loadMs === null) return null
  const window = watched(evidence)
  const toMs = 'untilMs' in window ? Math.min(loadMs, window.untilMs) : loadMs
  return toMs < steadyForMs ? null : { fromMs: warmUpShare * toMs, toMs }
}

interface Rise {
  readonly stretch: Stretch
  readonly fromBytes: number
  readonly trend: Trend
  readonly second: Trend
  readonly refs: readonly string[]
}

/** What is missing, in words, where memory cannot be followed. */
function riseOf(evidence: Evidence): Rise | string {
  const stretch = steadyStretch(evidence)
  if (!stretch) return 'no steady load'
  const series = points(evidence.cgroup, (probe) => probe.rssBytes, stretch.fromMs, stretch.toMs)
  if (longestGapMs(series, stretch) > (stretch.toMs - stretch.fromMs) / parts) {
    return "no readings of the service's own memory all along"
  }
  const lows = floors(series, stretch, parts)
  const [trend, second] = [lows, lows.slice(parts / 2)].map(trendOf)
  const [begin] = lows
  if (!trend || !second || !begin) return "too few readings of the service's own memory"
  const refs = [series[0]?.ref ?? '', series.at(-1)?.ref ?? '']
  return { stretch, fromBytes: begin.value, trend, second, refs }
}

function rises(evidence: Evidence): Observed {
  const rise = riseOf(evidence)
  if (typeof rise === 'string') return notMeasurable(rise)
  const { stretch, trend, fromBytes, refs } = rise
  const seconds = (stretch.toMs - stretch.fromMs) / 1_000
  const grownBytes = trend.slope * seconds
  const because = `${perMinute(trend)}, ${signed(grownBytes)} in ${formatMs(stretch.toMs - stretch.fromMs)}`
  const leastBytes = leastGrowthOf(fromBytes)
  if (trend.interval.low * seconds >= leastBytes) return seen(`${because}${untilLimit(evidence, rise)}`, refs)
  if (trend.interval.high * seconds < leastBytes) return absent(because, refs)
  return notMeasurable(`${because}: it may be chance, or a leak; a longer run tells`)
}

function goesOn(evidence: Evidence): Observed {
  const rise = riseOf(evidence)
  if (typeof rise === 'string') return notMeasurable(rise)
  const { stretch, fromBytes, trend, second, refs } = rise
  const because = `${perMinute(trend)} all in all, ${perMinute(second)} in the second half`
  if (second.slope >= goesOnShare * trend.slope) return seen(because, refs)
  const halfS = (stretch.toMs - stretch.fromMs) / 2_000
  // What slows down may end, or go on at a leak's own pace once a warm-up is over.
  const isOver = second.interval.high * halfS < leastGrowthOf(fromBytes) / 2
  return isOver ? absent(because, refs) : notMeasurable(`${because}: a longer run tells`)
}

function leastGrowthOf(fromBytes: number): number {
  return Math.max(leastGrowthBytes, leastGrowthShare * fromBytes)
}

function loadIsSteady(evidence: Evidence): Observed {
  const stretch = steadyStretch(evidence)
  if (!stretch) return notMeasurable('no steady load')
  const middleMs = (stretch.fromMs + stretch.toMs) / 2
  const attempts = writeAttempts(evidence).filter(({ startedMs }) => startedMs >= stretch.fromMs)
  const before = attempts.filter(({ startedMs }) => startedMs < middleMs).length
  const after = attempts.filter(({ startedMs }) => startedMs >= middleMs && startedMs < stretch.toMs).length
  if (before === 0) return notMeasurable('no attempt on record')
  const because = `${before} requests in the first half, ${after} in the second`
  if (after > mostLoadGrowth * before) return absent(because)
  const pending = points(evidence.service, (probe) => probe.eventsPending, stretch.fromMs, stretch.toMs)
  const backlog = trendOf(floors(pending, stretch, parts))
  // A backlog that never empties and grows holds memory for work.
  if (backlog && backlog.interval.low > 0) return absent(`${because}; but pending events rose all along`)
  return seen(because)
}

function untilLimit({ appliedLimits }: Evidence, { trend, fromBytes, stretch }: Rise): string {
  const limitBytes = appliedLimits?.memoryLimitBytes
  if (!limitBytes) return ''
  const leftS = (limitBytes - fromBytes) / trend.slope - (stretch.toMs - stretch.fromMs) / 1_000
  return leftS > 0 ? `; at that rate it is at its limit in ${hours(leftS)}` : ''
}

function hours(seconds: number): string {
  return seconds >= 5_400 ? `${(seconds / 3_600).toFixed(1)} h` : `${Math.round(seconds / 60)} min`
}

/** `+6.1 MiB per minute (99 %: 5.9 to 6.3)`. */
function perMinute({ slope, interval }: Trend): string {
  const mib = (perSecond: number) => ((60 * perSecond) / 2 ** 20).toFixed(2)
  return `${slope >= 0 ? '+' : ''}${mib(slope)} MiB per minute (99 %: ${mib(interval.low)} to ${mib(interval.high)})`
}

function signed(bytes: number): string {
  return `${bytes >= 0 ? '+' : '-'}${formatBytes(Math.abs(bytes))}`
}
