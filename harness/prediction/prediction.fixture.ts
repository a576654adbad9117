/** Inputs for tests: the load of high-load as the generator plays it, with round figures. */
import type { Figures, PlannedLife, PredictionInput } from '../prediction.ts'
import type { ClientOptions, Load } from '../scenario.ts'
import { planLoad } from '../workload/life-cycle.ts'

export const MiB = 2 ** 20
export const GiB = 2 ** 30

/** Those of the project's queueing model of the incident: 9 events/s, 12 MiB, 60 MiB, 80 requests, one writer. */
export const modelFigures: Figures = {
  workMsPerEvent: 1_000 / 9,
  takeMsPerEvent: 0,
  heldBytesPerEvent: 12 * MiB,
  baselineBytes: 60 * MiB,
  maxAwaitingAnswer: 80,
  writers: 1,
  cpuShare: 1,
}

export interface Changes {
  readonly load?: Partial<Load>
  readonly client?: Partial<ClientOptions>
  readonly memoryLimitBytes?: number
  readonly cpus?: number
  readonly figures?: Partial<Figures>
  readonly seed?: number
  /** Instead of the load's own plan. */
  readonly lives?: readonly PlannedLife[]
}

export function input({
  memoryLimitBytes = 2 * GiB,
  cpus = 1,
  seed = 1,
  lives,
  ...changes
}: Changes = {}): PredictionInput {
  const client = {
    bufferEvents: 30_000,
    batchEvents: 1_000,
    flushMs: 1_000,
    timeoutMs: 5_000,
    attempts: 3,
    retryPauseMs: 1_000,
    retryJitter: 0,
    onBusy: 'drop' as const,
    sendsIdempotencyKey: false,
    ...changes.client,
  }
  return {
    load: {
      rrs: 100,
      eventsPerRr: 3,
      lifeMs: 30_000,
      spreadMs: 200,
      pace: null,
      queriesPerSec: 2,
      approvalShare: 0,
      emitter: 'per-rr',
      ...changes.load,
    },
    client,
    limits: { memoryLimitBytes, cpus },
    phases: { afterDeathMs: 5_000, maxMs: 150_000 },
    poolSize: 25,
    figures: { ...modelFigures, ...changes.figures },
    seed,
    plan: (load, planSeed) => lives ?? planLoad(load, { seed: planSeed, runId: 'test', flushMs: client.flushMs }),
  }
}

/** A life that emits at these moments. */
export function life(flushPhaseMs: number, ...emittedMs: number[]): PlannedLife {
  return { flushPhaseMs, events: emittedMs.map((intendedMs) => ({ intendedMs })) }
}
