import type { Scenario } from '../harness/scenario.ts'

const MiB = 2 ** 20

/**
 * A light and even load for faults to be seen in: impatient clients, so that a run takes 20 s at most, and a service that
 * has room for all of it. Without a fault nothing breaks.
 */
export const blind: Scenario = {
  name: 'blind',
  description: 'a light load that nothing breaks, for --fault to be tried in (about 15 s)',
  load: {
    rrs: 120,
    eventsPerRr: 3,
    lifeMs: 2_500,
    spreadMs: 200,
    pace: { rrs: 20, everyMs: 1_000 },
    queriesPerSec: 2,
    approvalShare: 0,
    emitter: 'per-rr',
  },
  client: {
    bufferEvents: 30_000,
    batchEvents: 1_000,
    flushMs: 200,
    timeoutMs: 1_500,
    attempts: 3,
    retryPauseMs: 300,
    retryJitter: 0,
    onBusy: 'drop',
    sendsIdempotencyKey: false,
  },
  service: { profile: 'healthy', profileOptions: {}, poolSize: 10 },
  limits: { memoryLimitBytes: 512 * MiB, cpus: 1 },
  phases: { warmUpMs: 1_500, afterDeathMs: 1_000, maxMs: 11_500 },
  expect: 'survive',
}
