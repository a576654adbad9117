import { linearRegression, linearRegressionLine, sampleCorrelation, standardDeviation } from 'simple-statistics'
import type { Evidence } from '../evidence.ts'
import { growths } from '../growth.ts'
import { deathMs, failedAttempts, longestGapMs, longestSilenceMs, points } from '../measure.ts'
import { formatAt } from '../units.ts'
import type { ChainLink, Finding } from '../verdict.ts'

const order = ['trigger', 'amplifier', 'death'] as const

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
 * The causes that stand, first things first. Two of them are tied where the evidence shows it: a trigger to an
 * amplifier, and either to a death by memory. A cause without a tie stands by itself: `leadsTo` is `null`.
 */
export function chain(findings: readonly Finding[], evidence: Evidence): ChainLink[] {
  const standing = order.flatMap((role) => {
    return findings.filter((finding) => finding.role === role && finding.answer === 'supported')
  })
  return standing.map((finding) => {
    const tie = tieOf(finding, standing, evidence)
    return {
      role: finding.role,
      hypothesis: finding.hypothesis,
      leadsTo: tie?.to ?? null,
      because: tie?.because ?? null,
      ...(finding.part && { part: finding.part }),
    }
  })
}

interface Tie {
  readonly to: string
  readonly because: string
}

function tieOf(finding: Finding, standing: readonly Finding[], evidence: Evidence): Tie | null {
  const amplifier = standing.find((other) => other.role === 'amplifier')
  const memoryDeath = standing.find((other) => isDeathByOwnMemory(other, evidence))
  if (finding.role === 'trigger' && amplifier) {
    const because = beganBeforeFirstTimeout(finding, evidence)
    return because ? { to: amplifier.hypothesis, because } : null
  }
  if (finding.role !== 'death' && memoryDeath) {
    const because = memoryFollowsBacklog(evidence)
    return because ? { to: memoryDeath.hypothesis, because } : null
  }
  return null
}

/** Whether the service died of what it had taken itself: at a limit that others share, only if nobody else grew as well. */
function isDeathByOwnMemory({ hypothesis, part }: Finding, evidence: Evidence): boolean {
  if (hypothesis === 'memory-limit') return true
  if (hypothesis !== 'shared-memory' || part || !evidence.exit) return false
  const grown = growths(evidence, deathMs(evidence) ?? evidence.exit.t)
  return grown.kind === 'measured' && grown.named.length === 1 && grown.named[0]?.part === 'datastorage'
}

function beganBeforeFirstTimeout(trigger: Finding, evidence: Evidence): string | null {
  const sinceMs = trigger.observations.find((observation) => observation.sinceMs !== undefined)?.sinceMs
  const timeout = failedAttempts(evidence, ['timeout'])[0]
  if (sinceMs === undefined || !timeout || sinceMs >= timeout.endedMs) return null
  return `it began at ${formatAt(sinceMs)}, before the first timeout at ${formatAt(timeout.endedMs)}`
}

/** From the first harm to the death: what came before, such as the burst itself, is not what a storm did. */
function memoryFollowsBacklog(evidence: Evidence): string | null {
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
