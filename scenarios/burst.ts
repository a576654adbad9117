import type { Scenario } from '../harness/scenario.ts'
import { steady } from './steady.ts'

/** 100 RRs at once, and 100 more once the first have gone through. */
export const burst: Scenario = {
  ...steady,
  name: 'burst',
  description: 'gate: 100 RRs at once, then again, against a healthy service (about 9 s)',
  load: {
    ...steady.load,
    rrs: 400,
    lifeMs: 600,
    spreadMs: 50,
    pace: { rrs: 100, everyMs: 800 },
    arrivals: undefined,
    emitter: 'per-rr',
  },
  client: { ...steady.client, flushMs: 200 },
  gate: ['p50 +5 %', 'p95 +50 %', 'p99 +100 %', 'time to recover +5 %', 'peak memory +5 %', 'lost = 0'],
}
