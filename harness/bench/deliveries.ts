import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type Clock, createClock } from '../clock.ts'
import { histogramOf } from '../percentiles.ts'
import { createRandom } from '../random.ts'
import { createRecord, manifestSchema, type RecordWriter } from '../record.ts'
import type { Attempt, SampleLine } from '../sample.ts'
import type { ClientOptions } from '../scenario.ts'
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
  const dir = await mkdtemp(join(tmpdir(), 'culprit-bench-'))
  const manifest = manifestSchema.parse(JSON.parse(await readFile(fixture, 'utf8')))
  const truth = { service: { profile: 'healthy', profileOptions: {}, poolSize: 1 }, replay: '' }
  const record = await createRecord(dir, manifest, truth)
  const dispose = async () => {
    await record.close()
    await rm(dir, { recursive: true })
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
  { url, body, connections, durationMs }: ClosedLoad,
  { driver = socketsDriver, isRecorded = true }: { driver?: Driver; isRecorded?: boolean },
): Promise<Played> {
  await using record = isRecorded ? await openRecord() : null
  const clock = createClock(0)
  const { sender, live, delivery } = setUp(clock, url, driver, record?.sample ?? (() => {}))
  await using _ = sender
  const fromMs = performance.now()
  let sent = 0
  const one = () =>
    new Promise<void>((done) => {
      const next = () => {
        if (clock.now() > durationMs) return done()
        delivery.deliver({ firstEvent: sent++, events: 1, body }, clock.now(), next)
      }
      next()
    })
  await Promise.all(Array.from({ length: connections }, one))
  // What was recorded is on disk: that is part of the work.
  await record?.close()
  const { acknowledged: requests, dropped: failed } = live
  return { requests, failed, elapsedMs: performance.now() - fromMs }
}

export interface Paced {
  /** From when a request was due to when its answer was whole. */
  readonly latencies: Latencies
  /** From when a request was due to when it was sent. */
  readonly sendDelays: Latencies
  readonly startedAtEpochMs: number
}

/** Each request when it is due, whether or not earlier ones were answered. */
export async function deliverAtRate({ url, body, durationMs, ratePerSec }: PacedLoad): Promise<Paced> {
  await using record = await openRecord()
  const attempts: Pick<Attempt, 'intendedMs' | 'startedMs' | 'endedMs'>[] = []
  const sample = (line: SampleLine) => {
    record.sample(line)
    if (line.kind !== 'attempt') return
    attempts.push({ intendedMs: line.intendedMs, startedMs: line.startedMs, endedMs: line.endedMs })
  }
  const clock = createClock(100)
  const { sender, delivery } = setUp(clock, url, socketsDriver, sample)
  await using _ = sender
  await new Promise<void>((done) => {
    const arrivals = constantRate(ratePerSec, durationMs)
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
    latencies: latenciesOf(attempts.map(({ intendedMs, endedMs }) => endedMs - intendedMs)),
    sendDelays: latenciesOf(attempts.map(({ intendedMs, startedMs }) => startedMs - intendedMs)),
    startedAtEpochMs: clock.burstAtEpochMs,
  }
}

function latenciesOf(durationsMs: readonly number[]): Latencies {
  const histogram = histogramOf(durationsMs)
  const at = (percentile: number) => histogram.percentile(percentile) / 1000
  return { p50: at(50), p90: at(90), p99: at(99), max: histogram.max / 1000, count: durationsMs.length }
}
