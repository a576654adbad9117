import { lastArrivalMs } from '../../arrivals.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Range } from '../../trial.ts'

/** To start the stack, to stop it, to read the database back and to judge. */
const overheadMs = 4_000

/** How long a run takes, roughly, in milliseconds: with a death at the end of the load, or with a backlog to work off. */
export function estimateMs({ scenario: { load, phases } }: RunPlan): Range {
  const loadMs = Math.min(phases.maxMs, load.lifeMs + lastArrivalMs(load))
  const withoutMs = overheadMs + phases.warmUpMs
  return {
    low: withoutMs + loadMs + phases.afterDeathMs,
    high: withoutMs + Math.min(phases.maxMs, backlogFactor * loadMs),
  }
}

/** A service that survived a retry storm worked for three times as long as events were emitted (high-load-quick, 2 GiB). */
const backlogFactor = 3

/** `3 to 5 min`. */
export function describeEstimate({ low, high }: Range): string {
  const [unit, unitMs] = high < 90_000 ? ['s', 1_000] : high < 90 * 60_000 ? ['min', 60_000] : ['h', 3_600_000]
  const text = (durationMs: number) =>
    unit === 'h' ? (durationMs / unitMs).toFixed(1) : String(Math.ceil(durationMs / unitMs))
  return text(low) === text(high) ? `${text(low)} ${unit}` : `${text(low)} to ${text(high)} ${unit}`
}
