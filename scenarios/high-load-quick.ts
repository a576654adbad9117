import type { Scenario } from '../harness/scenario.ts'
import { highLoad } from './high-load.ts'

const MiB = 2 ** 20

/**
 * The same mechanism at a fifth of the time and a quarter of the memory. Time scales, the cost of touching memory does
 * not, so work and memory per event have a calibration of their own: same answers, not the same seconds.
 */
export const highLoadQuick: Scenario = {
  ...highLoad,
  name: 'high-load-quick',
  description: 'high-load at a fifth of the time, 512 MiB (about 15 s)',
  load: { ...highLoad.load, lifeMs: 6_000, spreadMs: 40, queriesPerSec: 5 },
  client: { ...highLoad.client, flushMs: 200, timeoutMs: 1_000, retryPauseMs: 200 },
  service: {
    ...highLoad.service,
    profileOptions: { cpuMsPerEvent: 19.5, holdBytesPerEvent: Math.round(2.3 * MiB), maxAwaitingAnswer: 80 },
  },
  limits: { memoryLimitBytes: 512 * MiB, cpus: 1 },
  phases: { warmUpMs: 3_000, afterDeathMs: 2_000, maxMs: 60_000 },
}
