import type { Scenario } from '../harness/scenario.ts'
import { healthy } from './healthy.ts'

/**
 * 160 RRs/s, each event its own request: a constant arrival rate of 480 events/s that a healthy service carries. Short, as the
 * scenarios of the gate are: what differs from run to run needs many runs rather than long ones. Into a service that is hot: how
 * far one has got with compiling its code differs more from run to run than what a gate looks for.
 */
export const steady: Scenario = {
  ...healthy,
  name: 'steady',
  description: 'gate: a constant arrival rate against a healthy service (about 9 s)',
  load: {
    ...healthy.load,
    rrs: 400,
    lifeMs: 600,
    spreadMs: 0,
    pace: null,
    arrivals: { kind: 'rate', perSec: 160 },
    queriesPerSec: 5,
    emitter: 'direct',
  },
  phases: { warmUpMs: 3_000, warmUpConnections: 16, afterDeathMs: 2_000, maxMs: 30_000 },
  gate: ['p50 +5 %', 'cpu per event +5 %', 'p95 +25 %', 'p99 +50 %', 'peak memory +5 %', 'lost = 0'],
  thresholds: ['no error before the burst', 'no error', 'p99 < 250 ms'],
}
