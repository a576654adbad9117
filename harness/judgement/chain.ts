import { sampleCorrelation } from 'simple-statistics'
import type { Evidence } from '../evidence.ts'
import { failedAttempts, points } from '../measure.ts'
import { formatAt } from '../units.ts'
import type { ChainLink, Finding } from '../verdict.ts'

const order = ['trigger', 'amplifier', 'death'] as const

/** Below this, memory and backlog have more than each other to go by. */
const closeCorrelation = 0.8
/** A correlation of fewer pairs says little. */
const fewestPairs = 5

/**
 * The causes that stand, first things first. Two of them are tied where the evidence shows it: a trigger to an
 * amplifier, and either to the memory limit. A cause without a tie stands by itself: `leadsTo` is `null`.
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
    }
  })
}

interface Tie {
  readonly to: string
  readonly because: string
}

function tieOf(finding: Finding, standing: readonly Finding[], evidence: Evidence): Tie | null {
  const amplifier = standing.find((other) => other.role === 'amplifier')
  const memoryLimit = standing.find((other) => other.hypothesis === 'memory-limit')
  if (finding.role === 'trigger' && amplifier) {
    const because = beganBeforeFirstTimeout(finding, evidence)
    return because ? { to: amplifier.hypothesis, because } : null
  }
  if (finding.role !== 'death' && memoryLimit) {
    const because = memoryFollowsBacklog(evidence)
    return because ? { to: memoryLimit.hypothesis, because } : null
  }
  return null
}

/** The first reference of a finding's first observation is the line with which the claimed state began. */
function beganBeforeFirstTimeout(trigger: Finding, evidence: Evidence): string | null {
  const ref = trigger.observations[0]?.refs[0]
  const lines = [...evidence.cgroup, ...evidence.service, ...evidence.postgres]
  const began = lines.find((line) => line.ref === ref)
  const timeout = failedAttempts(evidence, ['timeout'])[0]
  if (!began || !timeout || began.t >= timeout.endedMs) return null
  return `it began at ${formatAt(began.t)}, before the first timeout at ${formatAt(timeout.endedMs)}`
}

function memoryFollowsBacklog(evidence: Evidence): string | null {
  const pending = points(evidence.service, (probe) => probe.eventsPending, 0, evidence.exit?.t)
  const memory = points(evidence.cgroup, (probe) => probe.memoryBytes)
  const pairs = pending.flatMap((point) => {
    const reading = memory.findLast((one) => one.t <= point.t)
    return reading ? [[point.value, reading.value] as const] : []
  })
  if (pairs.length < fewestPairs) return null
  const correlation = sampleCorrelation(
    pairs.map(([events]) => events),
    pairs.map(([, bytes]) => bytes),
  )
  // A flat line has no correlation at all: not a number, and not above the threshold.
  return correlation >= closeCorrelation ? `memory follows the backlog (correlation ${correlation.toFixed(2)})` : null
}
