import type { Scenario } from '../harness/scenario.ts'
import { healthy } from './healthy.ts'

const hourMs = 3_600_000
const everyMs = 100

/**
 * A steady rate for an hour: 10 RRs and 30 events each second, which a healthy service carries with a few percent of its
 * limits. What it takes for each event and does not give back shows as a slope, long before it kills.
 */
export const soak: Scenario = {
  ...healthy,
  name: 'soak',
  description: 'a steady rate for an hour (--duration 5m), to find a slow leak by its slope',
  load: {
    ...healthy.load,
    rrs: hourMs / everyMs,
    lifeMs: 1_000,
    spreadMs: 0,
    pace: { rrs: 1, everyMs },
    queriesPerSec: 2,
    emitter: 'direct',
  },
  phases: { ...healthy.phases, maxMs: hourMs + 60_000 },
}
