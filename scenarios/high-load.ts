import type { Scenario } from '../harness/scenario.ts'

const MiB = 2 ** 20

/**
 * The incident: 100 RRs at once against a DataStorage with 2 GiB and one CPU. The profile is fitted to the report (see
 * README, "What this does and does not show"): slow writers, memory held per pending event, a cap on open requests.
 */
export const highLoad: Scenario = {
  name: 'high-load',
  description: '100 RRs at once, 2 GiB, 1 CPU: the reported crash (about 45 s)',
  load: {
    rrs: 100,
    eventsPerRr: 3,
    lifeMs: 30_000,
    spreadMs: 200,
    pace: null,
    queriesPerSec: 2,
    approvalShare: 0,
    emitter: 'per-rr',
  },
  client: {
    bufferEvents: 30_000,
    batchEvents: 1_000,
    flushMs: 1_000,
    timeoutMs: 5_000,
    attempts: 3,
    retryPauseMs: 1_000,
    retryJitter: 0,
    onBusy: 'drop',
    sendsIdempotencyKey: false,
  },
  service: {
    profile: 'as-reported',
    profileOptions: { cpuMsPerEvent: 97, holdBytesPerEvent: 12 * MiB, maxAwaitingAnswer: 80 },
    poolSize: 25,
  },
  limits: { memoryLimitBytes: 2048 * MiB, cpus: 1 },
  phases: { warmUpMs: 3_000, afterDeathMs: 5_000, maxMs: 150_000 },
  expect: 'memory-limit',
}
