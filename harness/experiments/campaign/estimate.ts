import type { RunPlan } from '../../manifest.ts'

/** To start the stack, to stop it, to read the database back and to judge. */
const overheadMs = 4_000

/** How long a run takes, roughly: the load's own length, and a death at its end. It may take up to the scenario's limit. */
export function estimateMs({ scenario: { load, phases } }: RunPlan): number {
  const batches = load.pace ? Math.ceil(load.rrs / load.pace.rrs) : 1
  const loadMs = load.lifeMs + (batches - 1) * (load.pace?.everyMs ?? 0)
  return overheadMs + phases.warmUpMs + Math.min(loadMs, phases.maxMs) + phases.afterDeathMs
}

/** `about 3 min`. */
export function describeEstimate(durationMs: number): string {
  const minutes = durationMs / 60_000
  if (minutes < 1.5) return `about ${Math.ceil(durationMs / 1_000)} s`
  return minutes < 90 ? `about ${Math.round(minutes)} min` : `about ${(minutes / 60).toFixed(1)} h`
}
