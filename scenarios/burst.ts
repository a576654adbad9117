import type { Scenario } from '../harness/scenario.ts'
import { steady } from './steady.ts'

/** 400 RRs, 100 at once each 800 ms, by when the lives of the 100 before them have ended. */
export const burst: Scenario = {
  ...steady,
  name: 'burst',
  description: 'gate: 400 RRs, 100 at once each 800 ms, against a healthy service (about 9 s)',
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
  gate: [
    'p50 +5 %',
    'cpu per event +5 %',
    'p95 +50 %',
    'p99 +100 %',
    'time to recover +5 %',
    'peak memory +5 %',
    'lost = 0',
  ],
}
