import type { Evidence } from '../evidence.ts'
import { type Point, points } from '../measure.ts'
import { formatAt } from '../units.ts'

/** What the kernel's oom_kill counter did when the main process ended. */
export type OomKill =
  | { readonly kind: 'rose'; readonly from: Point; readonly to: Point }
  | { readonly kind: 'flat'; readonly last: Point; readonly earlier: boolean }
  | { readonly kind: 'unknown'; readonly why: string }

/**
 * A process that the kernel has decided to kill still has to give its memory back, on a CPU quota that it may have used
 * up: so long before the exit may the counter rise. A rise before that was another process's, a child's for example.
 * The limit of this: a child that is OOM-killed within these 2 s before somebody else's SIGKILL ends the main process
 * looks the same, for the counter is the control group's and names no process.
 */
const dyingMs = 2_000
/** Two of the probe's periods: a last reading that much earlier still says when the counter began to rise. */
const blindMs = 500
/** A first reading later than this after the exit no longer speaks of it. */
const lateMs = 1_000

/** Reads the counter around a death. "Flat" needs a reading at or after the exit. */
export function oomKillAtDeath(evidence: Evidence, diedMs: number): OomKill {
  const readings = points(evidence.cgroup, (probe) => probe.oomKills)
  const first = readings[0]
  if (!first) return { kind: 'unknown', why: 'no reading of oom_kill' }
  if (first.t >= diedMs) return { kind: 'unknown', why: 'no reading of oom_kill before the death' }

  const before = readings.findLast((point) => point.t < diedMs - dyingMs) ?? first
  const after = readings.find((point) => point.t >= diedMs)
  const atDeath = readings.filter((point) => point.t >= before.t && point.t <= (after?.t ?? diedMs))
  const rise = atDeath.find((point) => point.value > before.value)
  if (rise && rise.t <= diedMs + lateMs) {
    const flat = readings.findLast((point) => point.t < rise.t) ?? before
    if (flat.t >= diedMs - dyingMs - blindMs) return { kind: 'rose', from: before, to: rise }
    return { kind: 'unknown', why: `oom_kill rose in a silence from ${formatAt(flat.t)} to ${formatAt(rise.t)}` }
  }

  if (!after || after.t > diedMs + lateMs) {
    const last = readings.findLast((point) => point.t < diedMs) ?? first
    return { kind: 'unknown', why: `oom_kill last read at ${formatAt(last.t)}, death at ${formatAt(diedMs)}` }
  }
  return { kind: 'flat', last: after, earlier: before.value > first.value }
}
