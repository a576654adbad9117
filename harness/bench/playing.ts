import { createClock } from '../clock.ts'
import { createDurations } from '../percentiles.ts'
import type { SampleLine } from '../sample.ts'
import type { Emitter } from '../scenario.ts'
import { drive, preparationMs } from '../workload/index.ts'
import { openRecord } from './deliveries.ts'

/** So many RRs as a run plays them: planned, sent through their clients, recorded. */
export interface PlayJob {
  readonly kind: 'play'
  readonly origin: string
  readonly emitter: Emitter
  readonly rrs: number
  readonly rrsPerSec: number
  readonly lifeMs: number
}

export interface PlayResult {
  readonly events: number
  readonly acknowledged: number
  readonly dropped: number
  readonly attempts: number
  readonly elapsedMs: number
  readonly cpuMs: number
  readonly rssPeakBytes: number
  readonly sendDelayP50Ms: number
  readonly sendDelayP99Ms: number
  readonly sendDelayMaxMs: number
}

const batchesPerSec = 10

export async function play({ origin, emitter, rrs, rrsPerSec, lifeMs }: PlayJob): Promise<PlayResult> {
  await using record = await openRecord()
  const delays = createDurations()
  const sample = (line: SampleLine) => {
    record.sample(line)
    if (line.kind === 'attempt') delays.record(line.startedMs - line.intendedMs)
  }
  const before = process.cpuUsage()
  const load = {
    rrs,
    eventsPerRr: 3,
    lifeMs,
    spreadMs: 1_000 / batchesPerSec,
    pace: { rrs: rrsPerSec / batchesPerSec, everyMs: 1_000 / batchesPerSec },
    queriesPerSec: 0,
    approvalShare: 0,
    emitter,
  }
  const client = {
    bufferEvents: 10_000,
    batchEvents: 1_000,
    flushMs: 1_000,
    timeoutMs: 10_000,
    attempts: 3,
    retryPauseMs: 1_000,
    retryJitter: 0,
    onBusy: 'drop',
    sendsIdempotencyKey: false,
  } as const
  const clock = createClock(200 + preparationMs(load))
  const { signal } = new AbortController()
  const driving = drive({ load, client, seed: 1, runId: 'bench', baseUrl: origin, clock, sample, signal })
  await driving.done
  const elapsedMs = clock.now()
  await record.close()
  const { user, system } = process.cpuUsage(before)
  const { planned, acknowledged, dropped, attempts } = driving.live
  return {
    events: planned,
    acknowledged,
    dropped,
    attempts,
    elapsedMs,
    cpuMs: (user + system) / 1_000,
    rssPeakBytes: process.resourceUsage().maxRSS * 1_024,
    sendDelayP50Ms: delays.percentileMs(50),
    sendDelayP99Ms: delays.percentileMs(99),
    sendDelayMaxMs: delays.maxMs,
  }
}
