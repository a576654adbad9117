import { performance } from 'node:perf_hooks'
import { createDurations } from '../percentiles.ts'
import { constantRate } from '../workload/arrivals.ts'
import { latenciesOf } from './deliveries.ts'
import type { Latencies } from './tools/tool.ts'

/** A schedule without requests. */
export interface WatchJob {
  readonly kind: 'watch'
  readonly ratePerSec: number
  readonly durationMs: number
}

/** How late a loop sees that something is due which does nothing but look: what the machine takes for others. */
export function watchClock({ ratePerSec, durationMs }: WatchJob): Latencies {
  const delays = createDurations()
  const beganMs = performance.now()
  for (const { intendedMs } of constantRate(ratePerSec, durationMs)) {
    let nowMs = performance.now() - beganMs
    while (nowMs < intendedMs) nowMs = performance.now() - beganMs
    delays.record(nowMs - intendedMs)
  }
  return latenciesOf(delays)
}
