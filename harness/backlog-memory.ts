import { linearRegression, linearRegressionLine, sampleCorrelation, standardDeviation } from 'simple-statistics'
import type { Evidence } from './evidence.ts'
import { failedAttempts, longestGapMs, longestSilenceMs, points } from './measure.ts'

/**
 * Correlation of what is left of memory and backlog without their linear trends in time: whatever grows with time, a
 * leak beside a storm too, would correlate with a backlog that grows. Eight recorded crashes by the backlog have 0.76
 * to 0.99.
 */
const closeCorrelation = 0.6
/** Of the memory above the baseline: what the backlog must account for at the end. The same crashes have 0.63 to 1.07. */
const backlogShare = 0.5
/** Of a series' spread: what its trend must leave to compare. The same crashes have 0.45 to 0.62. */
const leftShare = 0.05
/** A correlation of fewer pairs says little. */
const fewestPairs = 5

/**
 * Whether memory went up and down with the backlog, from the first harm to the death: what came before, such as the burst
 * itself, is not what a storm did. `null`: it did not, or that cannot be told.
 */
export function memoryFollowsBacklog(evidence: Evidence): string | null {
  const harm = failedAttempts(evidence, ['timeout', '5xx'])[0]
  if (!harm || !evidence.exit) return null
  const stretch = { fromMs: harm.endedMs, toMs: evidence.exit.t }
  const pending = points(evidence.service, (probe) => probe.eventsPending, 0, stretch.toMs)
  const memory = points(evidence.cgroup, (probe) => probe.memoryBytes, undefined, stretch.toMs)
  if ([pending, memory].some((series) => longestGapMs(series, stretch) > longestSilenceMs(evidence))) return null

  const pairs = pending.flatMap(({ t, value }) => {
    const reading = t >= stretch.fromMs ? memory.findLast((one) => one.t <= t) : undefined
    return reading ? [{ t, events: value, bytes: reading.value }] : []
  })
  const last = pairs.at(-1)
  const baseline = memory.findLast((point) => point.t <= 0) ?? memory[0]
  if (!last || !baseline || pairs.length < fewestPairs) return null
  const events = withoutTrend(pairs.map((pair) => [pair.t, pair.events]))
  const bytes = withoutTrend(pairs.map((pair) => [pair.t, pair.bytes]))
  if (!events || !bytes) return null

  const correlation = sampleCorrelation(events, bytes)
  const bytesPerEvent = linearRegression(events.map((value, index) => [value, bytes[index] ?? 0])).m
  const explained = (bytesPerEvent * last.events) / (last.bytes - baseline.value)
  return correlation >= closeCorrelation && explained >= backlogShare
    ? `memory follows the backlog (correlation ${correlation.toFixed(2)} without the trend in time)`
    : null
}

/** What is left of a series of `[t, value]` without its straight line in time. `null`: nothing that could be compared. */
function withoutTrend(series: readonly (readonly [number, number])[]): number[] | null {
  const xy = series.map(([t, value]) => [t, value])
  const line = linearRegressionLine(linearRegression(xy))
  const left = series.map(([t, value]) => value - line(t))
  const spread = standardDeviation(series.map(([, value]) => value))
  return spread > 0 && standardDeviation(left) >= leftShare * spread ? left : null
}
