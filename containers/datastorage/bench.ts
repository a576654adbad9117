/**
 * How many events a second the service stores durably, with the client on the same machine: `npm run bench -w containers/datastorage`.
 * Settings: BENCH_SECONDS (5), BENCH_BATCH (100 events), BENCH_CONNECTIONS (8), BENCH_INSERT (`row,bulk`).
 * Starts a PostgreSQL with its own defaults (fsync, synchronous_commit), a Redis, and the program, one mode after another.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'undici'
import { batchPath } from './contract.ts'
import { anEvent } from './testing/an-event.ts'
import { startRealService } from './testing/real-service.ts'
import { startRestartable } from './testing/restartable.ts'

const setting = (name: string, fallback: number) => Number(process.env[`BENCH_${name}`] ?? fallback)
const measureMs = setting('SECONDS', 5) * 1000
const batchEvents = setting('BATCH', 100)
const connections = setting('CONNECTIONS', 8)
const warmUpMs = 2_000

const nextCorrelationId = (() => {
  let n = 0
  return () => `rr-bench-${n++ % 10_000}`
})()

/** Bytes from the start: what the client does takes CPU from what is measured. A few, so that not each row is the same. */
const bodies = Array.from({ length: 50 }, () => {
  const events = Array.from({ length: batchEvents }, () => {
    const id = nextCorrelationId()
    return anEvent({
      correlation_id: id,
      resource_id: id,
      event_data: { phase: 'Executing', attempt: 1, target: id },
    })
  })
  return Buffer.from(JSON.stringify(events))
})

async function send(url: string, until: () => boolean, stored: () => void): Promise<void> {
  const client = new Client(url)
  for (let n = 0; !until(); n++) {
    const { statusCode, body } = await client.request({
      method: 'POST',
      path: batchPath,
      headers: { 'content-type': 'application/json' },
      body: bodies[n % bodies.length],
    })
    const text = await body.text()
    if (statusCode !== 201) throw new Error(`answered ${statusCode}: ${text}`)
    stored()
  }
  await client.close()
}

async function measure(mode: string): Promise<void> {
  await using databases = await startRestartable()
  await using service = await startRealService({ ...databases.env, DATASTORAGE_INSERT: mode })
  let events = 0
  let over = false
  const senders = Array.from({ length: connections }, () =>
    send(
      service.url,
      () => over,
      () => {
        events += batchEvents
      },
    ),
  )
  await delay(warmUpMs)
  const [eventsBefore, startedMs] = [events, performance.now()]
  await delay(measureMs)
  const perSecond = ((events - eventsBefore) / (performance.now() - startedMs)) * 1000
  over = true
  await Promise.all(senders)
  console.log(`${mode}: ${Math.round(perSecond)} events/s, ${batchEvents} a batch, ${connections} connections, durable`)
}

for (const mode of (process.env.BENCH_INSERT ?? 'row,bulk').split(',')) await measure(mode)
