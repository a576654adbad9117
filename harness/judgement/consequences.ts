import type { Finding } from '../verdict.ts'

/**
 * What one cause brings about by itself, so that it is no cause of its own where both are seen and this one began first.
 * A stopped database makes every write stand still and fills the pool: the database is the cause.
 */
const bringsAbout: Readonly<Record<string, readonly string[]>> = {
  'outside-pause': ['batch-blocked', 'pool-exhaustion', 'nested-checkout', 'blocked-event-loop', 'database-down'],
  'database-down': ['batch-blocked', 'pool-exhaustion', 'nested-checkout'],
  'blocked-event-loop': ['batch-blocked', 'pool-exhaustion', 'nested-checkout'],
  'nested-checkout': ['batch-blocked', 'pool-exhaustion'],
  'row-lock-deadlock': ['batch-blocked', 'pool-exhaustion'],
  'pool-exhaustion': ['batch-blocked'],
  // The same memory, seen at its end and on its way there.
  'memory-growth': ['slow-leak'],
}

/**
 * An effect is often seen a little before its cause can be: a deadlock is broken a second after it began, a statistic
 * comes a second late.
 */
const seenLateMs = 2_000
/** By PostgreSQL's own log, or by the first refused connection of a probe: an outage is seen as it begins. */
const seenAtOnceMs: Readonly<Record<string, number>> = { 'database-down': 500 }

/** The name of the standing cause that this finding is a consequence of. `null`: it stands by itself. */
export function consequenceOf(finding: Finding, standing: readonly Finding[]): string | null {
  const since = sinceOf(finding)
  const cause = standing.find((other) => {
    if (!bringsAbout[other.hypothesis]?.includes(finding.hypothesis)) return false
    const causeSince = sinceOf(other)
    return since === null || causeSince === null || since >= causeSince - (seenAtOnceMs[other.hypothesis] ?? seenLateMs)
  })
  return cause?.hypothesis ?? null
}

function sinceOf({ observations }: Finding): number | null {
  return observations.find((observation) => observation.sinceMs !== undefined)?.sinceMs ?? null
}
