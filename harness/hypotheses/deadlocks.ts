import type { Evidence } from '../evidence.ts'
import { points } from '../measure.ts'
import { postgresLagMs } from './progress.ts'

/** The deadlocks that PostgreSQL broke. */
export interface Deadlocks {
  readonly count: number
  /** Between which readings the counter rose, less what PostgreSQL's statistics lag. */
  readonly rises: readonly { readonly fromMs: number; readonly toMs: number }[]
  /** The first one, where PostgreSQL's log says when. */
  readonly sinceMs?: number | undefined
  readonly refs: readonly string[]
}

const deadlockDetected = '40P01'
/** What a line of the log may come late. */
const loggedMs = 250

/** `null`: not covered from the burst to the end. A counter that went down began anew, with a restart of the database. */
export function deadlocksSinceBurst(evidence: Evidence, untilMs: number): Deadlocks | null {
  const logged = evidence.postgresLog.filter(
    (one) => one.sqlState === deadlockDetected && one.t >= 0 && one.t <= untilMs,
  )
  const [firstLogged, lastLogged] = [logged[0], logged.at(-1)]
  if (firstLogged && lastLogged) {
    const rises = logged.map(({ t }) => ({ fromMs: t - loggedMs, toMs: t }))
    return { count: logged.length, rises, sinceMs: firstLogged.t, refs: [firstLogged.ref, lastLogged.ref] }
  }
  const readings = points(evidence.postgres, (probe) => probe.deadlocks)
  const base = readings.findLast((point) => point.t <= 0) ?? readings[0]
  const last = readings.at(-1)
  if (!base || !last) return null
  const steps = readings
    .filter((point) => point.t > base.t)
    .map((to, index, later) => {
      const from = later[index - 1] ?? base
      const isReset = to.value < from.value
      return { from, to, isReset, count: isReset ? to.value : to.value - from.value }
    })
  const rising = steps.filter((step) => step.count > 0)
  const count = rising.reduce((sum, step) => sum + step.count, 0)
  const rises = rising.map(({ from, to }) => ({ fromMs: from.t - postgresLagMs, toMs: to.t }))
  const first = rising[0]
  if (first) return { count, rises, refs: [first.to.ref, last.ref] }
  // Counters may come a second late, so a reading well before the end cannot say "none"; nor can one that began anew.
  const isCovered = last.t >= untilMs - postgresLagMs && !steps.some((step) => step.isReset)
  return isCovered ? { count, rises, refs: [last.ref] } : null
}
