import { memoryFollowsBacklog } from '../backlog-memory.ts'
import type { Evidence } from '../evidence.ts'
import { growths } from '../growth.ts'
import { deathMs, failedAttempts } from '../measure.ts'
import { formatAt } from '../units.ts'
import type { ChainLink, Finding } from '../verdict.ts'
import { consequenceOf } from './consequences.ts'

const order = ['trigger', 'amplifier', 'death'] as const

/**
 * The causes that stand, first things first. Two of them are tied where the evidence shows it: a trigger to an
 * amplifier, and either to a death by memory. A cause without a tie stands by itself: `leadsTo` is `null`. What another
 * cause brings about by itself is left out.
 */
export function chain(findings: readonly Finding[], evidence: Evidence): ChainLink[] {
  const supported = order.flatMap((role) => {
    return findings.filter((finding) => finding.role === role && finding.answer === 'supported')
  })
  const standing = supported.filter((finding) => consequenceOf(finding, supported) === null)
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
  if (finding.role === 'trigger' && amplifier && finding.hypothesis !== 'memory-growth') {
    const because = beganBeforeFirstTimeout(finding, evidence)
    return because ? { to: amplifier.hypothesis, because } : null
  }
  if (finding.hypothesis === 'memory-growth') {
    return memoryDeath ? { to: memoryDeath.hypothesis, because: 'it grew up to the limit' } : null
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
