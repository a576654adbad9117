// Events are sent without a break while the service, PostgreSQL and Redis are restarted under them. What was
// acknowledged is stored, once; what was not may be stored or not, but not twice. DURABILITY_EVENTS=1000000 for a long run.
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { Agent, request } from 'undici'
import { expect, test, vi } from 'vitest'
import { batchPath, eventsPath } from './contract.ts'
import { stream } from './dead-letters/queue.ts'
import { anEvent } from './testing/an-event.ts'
import { startRealService } from './testing/real-service.ts'
import { startRestartable } from './testing/restartable.ts'

const total = Number(process.env.DURABILITY_EVENTS ?? 3_000)
const senders = 8
const batchEvents = total >= 100_000 ? 100 : 20
/** After each batch so many events go one by one: only these have a dead-letter queue. */
const singles = 5
/** After a failure: an outage must not eat up what there is to send. */
const restMs = 100
/** So many are to go through the queue in each outage. */
const queued = Math.max(20, total / 500)
const limitMs = 60_000 + total

const env = {
  DATASTORAGE_DLQ_POLL_MS: '100',
  DATASTORAGE_DLQ_SCHEDULE: '50ms,100ms',
  DATASTORAGE_DLQ_CLAIM_IDLE_MS: '1000',
  DATASTORAGE_DLQ_MAX_LENGTH: '1000000',
}

/** Numbered events, and what became of them. The number travels in duration_ms. */
function startSending(urlNow: () => string) {
  const dispatcher = new Agent()
  const acknowledged = new Uint8Array(total)
  const counts = { sent: 0, accepted: 0 }

  async function send(path: string, first: number, events: number): Promise<void> {
    const numbered = Array.from({ length: events }, (_, n) => anEvent({ duration_ms: first + n }))
    try {
      const { statusCode, body } = await request(`${urlNow()}${path}`, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(path === batchPath ? numbered : numbered[0]),
      })
      await body.dump()
      if (statusCode === 201 || statusCode === 202) acknowledged.fill(1, first, first + events)
      else await delay(restMs)
      if (statusCode === 202) counts.accepted++
    } catch {
      // Nobody listens at the moment, or somebody has hung up: the outcome is not known.
      await delay(restMs)
    }
  }

  async function sender(): Promise<void> {
    for (let turn = 0; counts.sent < total; turn++) {
      const events = turn % (singles + 1) === 0 ? Math.min(batchEvents, total - counts.sent) : 1
      const first = counts.sent
      counts.sent += events
      await send(events === 1 ? eventsPath : batchPath, first, events)
    }
  }
  const finished = Promise.all(Array.from({ length: senders }, sender)).then(() => dispatcher.close())
  return { acknowledged, counts, finished }
}

async function storedCounts(adminUrl: string): Promise<Uint8Array> {
  const client = new pg.Client(adminUrl)
  await client.connect()
  const sql = 'SELECT duration_ms, count(*)::int FROM audit_events GROUP BY 1'
  const { rows } = await client.query<[number, number]>({ text: sql, rowMode: 'array' })
  await client.end()
  const counts = new Uint8Array(total)
  for (const [number, count] of rows) counts[number] = count
  return counts
}

test(
  `of ${total} events sent through restarts, every acknowledged one is stored, and none twice`,
  async () => {
    await using databases = await startRestartable()
    await using stack = new AsyncDisposableStack()
    const start = async () => stack.use(await startRealService({ ...databases.env, ...env }))
    let service = await start()
    const { acknowledged, counts, finished } = startSending(() => service.url)
    const reached = (share: number) =>
      vi.waitUntil(() => counts.sent >= total * share, { timeout: limitMs, interval: 5 })
    const accepted = (more: number, from = counts.accepted) =>
      vi.waitUntil(() => counts.accepted >= from + more || counts.sent >= total, { timeout: limitMs, interval: 5 })
    const stop = async () => {
      service.child.kill('SIGTERM')
      expect(await service.exited).toBe(0)
    }

    await reached(0.2)
    await stop()
    service = await start()
    await reached(0.4)
    await databases.postgres.stop()
    await accepted(queued)
    // Its only copy of what was accepted is in its file now.
    await databases.redis.kill()
    await databases.redis.start()
    await accepted(queued)
    await databases.postgres.start()
    await reached(0.8)
    await databases.postgres.kill()
    await accepted(queued)
    // A service that ends now leaves its entries to the next one, which has to claim them.
    await stop()
    await databases.postgres.start()
    service = await start()
    await finished

    const redis = new Redis(databases.env.REDIS_URL)
    await vi.waitUntil(async () => (await redis.xlen(stream)) === 0, { timeout: limitMs, interval: 50 })
    redis.disconnect()
    const stored = await storedCounts(databases.adminUrl)
    const wrong = { lost: 0, twice: 0 }
    for (const [number, count] of stored.entries()) {
      if (acknowledged[number] && count === 0) wrong.lost++
      if (count > 1) wrong.twice++
    }
    const answered = acknowledged.reduce((sum, one) => sum + one, 0)
    console.log(
      `${total} sent, ${answered} acknowledged, ${counts.accepted} of them by the queue, ${JSON.stringify(wrong)}`,
    )
    expect(wrong).toEqual({ lost: 0, twice: 0 })
    expect(counts.accepted).toBeGreaterThanOrEqual(queued * 2)
    expect(answered).toBeGreaterThan(total / 4)
  },
  limitMs * 2,
)
