import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type Clock, createClock } from '../clock.ts'
import { createDurations, type Durations } from '../percentiles.ts'
import { createRandom } from '../random.ts'
import { createRecord, manifestSchema, type RecordWriter } from '../record.ts'
import type { SampleLine } from '../sample.ts'
import type { ClientOptions } from '../scenario.ts'
import { createWorkFolder } from '../work-folder.ts'
import { constantRate } from '../workload/arrivals.ts'
import type { ClientSetup } from '../workload/client.ts'
import { createDelivery } from '../workload/delivery.ts'
import type { Driver } from '../workload/drivers/driver.ts'
import { socketsDriver } from '../workload/drivers/sockets.ts'
import { createLive } from '../workload/live.ts'
import { at } from '../workload/schedule.ts'
import type { ClosedLoad, Latencies, PacedLoad, Played } from './tools/tool.ts'

const timeoutMs = 10_000
const options: ClientOptions = {
  bufferEvents: 1,
  batchEvents: 1,
  flushMs: 1_000,
  timeoutMs,
  attempts: 1,
  retryPauseMs: 0,
  retryJitter: 0,
  onBusy: 'drop',
  sendsIdempotencyKey: false,
}
const fixture = join(import.meta.dirname, '..', 'fixtures', 'high-load-quick-v1', 'run.json')

/** A record in a temporary folder, which is removed with it. */
export async function openRecord(): Promise<RecordWriter> {
  const folder = await createWorkFolder()
  const manifest = manifestSchema.parse(JSON.parse(await readFile(fixture, 'utf8')))
  const truth = { service: { profile: 'healthy', profileOptions: {}, poolSize: 1 }, replay: '' }
  const record = await createRecord(folder.path, manifest, truth)
  const dispose = async () => {
    await record.close()
    await folder[Symbol.asyncDispose]()
  }
  return { ...record, [Symbol.asyncDispose]: dispose }
}

function setUp(clock: Clock, url: string, driver: Driver, sample: (line: SampleLine) => void) {
  const sender = driver(new URL(url).origin, timeoutMs)
  const live = createLive()
  const setup: ClientSetup = { name: 'bench', options, clock, send: sender.send, sample, live, random: createRandom(1) }
  return { sender, live, delivery: createDelivery(setup, 'write-batch') }
}

/** Through the same delivery, driver and record as a run's requests, one after another on each of so many places. */
export async function deliverInALoop(
  { url, body, connections, warmUpMs, durationMs }: ClosedLoad,
  { isWarm, driver = socketsDriver, isRecorded = true }: { isWarm: () => void; driver?: Driver; isRecorded?: boolean },
): Promise<Played> {
  await using record = isRecorded ? await openRecord() : null
  const clock = createClock(0)
  const { sender, live, delivery } = setUp(clock, url, driver, record?.sample ?? (() => {}))
  await using _ = sender
  let fromMs = performance.now()
  let before = { ...live }
  at(clock, warmUpMs, () => {
    fromMs = performance.now()
    before = { ...live }
    isWarm()
  })
  let sent = 0
  const one = () =>
    new Promise<void>((done) => {
      const next = (nowMs: number) => {
        if (nowMs > warmUpMs + durationMs) return done()
        delivery.deliver({ firstEvent: sent++, events: 1, body }, nowMs, next)
      }
      next(clock.now())
    })
  await Promise.all(Array.from({ length: connections }, one))
  // What was recorded is on disk: that is part of the work.
  await record?.close()
  const requests = live.acknowledged - before.acknowledged
  const failed = live.dropped - before.dropped
  return { requests, failed, elapsedMs: performance.now() - fromMs }
}

export interface Paced {
  /** From when a request was due to when its answer was whole. */
  readonly latencies: Latencies
  /** From when a request was due to when it was sent. */
  readonly sendDelays: Latencies
  readonly startedAtEpochMs: number
}

/**
 * Each request when it is due, whether or not earlier ones were answered.
 *
 * @param unseenMs at the same rate and over the same connections before what counts: compiling, connecting
 */
export async function deliverAtRate(
  { url, body, durationMs, ratePerSec }: PacedLoad,
  { unseenMs = 0 } = {},
): Promise<Paced> {
  await using record = await openRecord()
  // Lists of them would grow: each time they are moved, something is sent late.
  const latencies = createDurations()
  const sendDelays = createDurations()
  const sample = (line: SampleLine) => {
    record.sample(line)
    if (line.kind !== 'attempt' || line.intendedMs < unseenMs) return
    latencies.record(line.endedMs - line.intendedMs)
    sendDelays.record(line.startedMs - line.intendedMs)
  }
  const clock = createClock(100)
  const { sender, delivery } = setUp(clock, url, socketsDriver, sample)
  await using _ = sender
  await new Promise<void>((done) => {
    const arrivals = constantRate(ratePerSec, unseenMs + durationMs)
    let open = 0
    let isLast = false
    const doneIfLast = () => {
      if (isLast && open === 0) done()
    }
    const ended = () => {
      open--
      doneIfLast()
    }
    const armNext = () => {
      const next = arrivals.next()
      if (next.done) {
        isLast = true
        return doneIfLast()
      }
      const { seq, intendedMs } = next.value
      at(clock, intendedMs, () => {
        open++
        delivery.deliver({ firstEvent: seq, events: 1, body }, intendedMs, ended)
        armNext()
      })
    }
    armNext()
  })
  return {
    latencies: latenciesOf(latencies),
    sendDelays: latenciesOf(sendDelays),
    startedAtEpochMs: clock.burstAtEpochMs + unseenMs,
  }
}

export function latenciesOf({ percentileMs: at, maxMs, count }: Durations): Latencies {
  return { p50: at(50), p90: at(90), p99: at(99), max: maxMs, count }
}
