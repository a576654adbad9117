import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { eventsPath } from '../contract.ts'
import { anEvent } from '../testing/an-event.ts'
import { type RealService, startRealService } from '../testing/real-service.ts'
import { type RestartableDatabases, startRestartable } from '../testing/restartable.ts'
import { group, rejectedStream, stream } from './queue.ts'

const soon = { timeout: 8_000, interval: 20 }
const quick = {
  DATASTORAGE_DLQ_POLL_MS: '50',
  DATASTORAGE_DLQ_SCHEDULE: '0ms,200ms',
  DATASTORAGE_DLQ_CLAIM_IDLE_MS: '500',
  DATASTORAGE_DLQ_LIMIT_MS: '1500',
  DATASTORAGE_SHUTDOWN_DLQ_MS: '3000',
}
const never = { ...quick, DATASTORAGE_DLQ_SCHEDULE: '24h' }

let databases: RestartableDatabases
let redis: Redis
let service: RealService | undefined

beforeAll(async () => {
  databases = await startRestartable()
})
afterAll(() => databases?.[Symbol.asyncDispose]())
beforeEach(async () => {
  redis = new Redis(databases.env.REDIS_URL)
  redis.on('error', () => {})
  await redis.flushall()
})
afterEach(async () => {
  redis.disconnect()
  await service?.[Symbol.asyncDispose]()
})

const start = async (env: Record<string, string> = quick) => {
  service = await startRealService({ ...databases.env, ...env })
  return service
}
const send = (to: RealService, correlation_id: string) => to.post(anEvent({ correlation_id }), { path: eventsPath })
const entries = async (name = stream) =>
  (await redis.xrange(name, '-', '+')).map(([, fields]) => JSON.parse(fields[1] ?? ''))

async function stored(correlationId: string): Promise<string[]> {
  const client = new pg.Client(databases.adminUrl)
  await client.connect()
  const sql = 'SELECT event_id FROM audit_events WHERE correlation_id = $1'
  const { rows } = await client.query<{ event_id: string }>(sql, [correlationId])
  await client.end()
  return rows.map((row) => row.event_id)
}

/** Puts an entry into the stream as a service would, for an event of this id. */
async function letter(correlation_id: string, event_id = randomUUID(), change = {}) {
  const payload = { ...anEvent({ correlation_id }), event_id, ...change }
  const timestamp = new Date().toISOString()
  const entry = { type: 'audit_event', payload, timestamp, retry_count: 0, last_error: 'test' }
  await redis.xadd(stream, '*', 'message', JSON.stringify(entry))
  return event_id
}

test('without its database the service takes an event with 202, keeps it over a restart of Redis, and stores it once', async () => {
  const running = await start()
  await databases.postgres.stop()
  expect(await send(running, 'outage')).toMatchObject({ status: 202, json: { status: 'accepted' } })
  expect(await entries()).toEqual([
    {
      type: 'audit_event',
      payload: expect.objectContaining({ correlation_id: 'outage', event_id: expect.any(String) }),
      timestamp: expect.any(String),
      retry_count: expect.any(Number),
      last_error: expect.stringMatching(/ECONNREFUSED|terminat/),
    },
  ])
  // Tried in vain, it is counted and put back.
  await vi.waitFor(async () => expect((await entries())[0].retry_count).toBeGreaterThan(0), soon)
  await databases.redis.kill()
  await databases.redis.start()
  await databases.postgres.start()
  await vi.waitFor(async () => expect(await entries()).toEqual([]), soon)
  expect(await stored('outage')).toHaveLength(1)
  expect(await running.metric('datastorage_dead_letters_total{result="stored"}')).toBe(1)
})

test('without database and Redis an event is refused with 500, and a Redis that is back in time takes it', async () => {
  const running = await start()
  await databases.postgres.stop()
  await databases.redis.stop()
  const refused = await send(running, 'nowhere')
  expect(refused).toMatchObject({ status: 500, json: { detail: expect.stringContaining('dead-letter queue') } })
  const waiting = send(running, 'patient')
  await databases.redis.start()
  expect(await waiting).toMatchObject({ status: 202 })
  await databases.postgres.start()
  await vi.waitFor(async () => expect(await stored('patient')).toHaveLength(1), soon)
  // What was answered with 500 must not turn up later: its client may have sent it again.
  await vi.waitFor(async () => expect(await entries()).toEqual([]), soon)
  expect(await stored('nowhere')).toEqual([])
})

test('a Redis that dies over its commands costs neither an event nor the worker', async () => {
  const running = await start({ ...quick, DATASTORAGE_DLQ_LIMIT_MS: '5000' })
  await databases.postgres.stop()
  await redis.client('PAUSE', 60_000)
  const answer = send(running, 'unheard')
  await running.until('datastorage_requests_in_progress', 1)
  await databases.redis.kill()
  await databases.redis.start()
  expect(await answer).toMatchObject({ status: 202 })
  await databases.postgres.start()
  await vi.waitFor(async () => expect(await entries()).toEqual([]), soon)
  expect(await stored('unheard')).toHaveLength(1)
})

test('a full queue refuses, and throws nothing away that it has taken', async () => {
  const running = await start({ ...never, DATASTORAGE_DLQ_MAX_LENGTH: '2' })
  await databases.postgres.stop()
  const answers = [await send(running, 'full'), await send(running, 'full'), await send(running, 'full')]
  await databases.postgres.start()
  expect(answers.map((answer) => answer.status)).toEqual([202, 202, 500])
  expect(await entries()).toHaveLength(2)
})

test('an entry that a dead worker had been given is claimed, and one that it had stored is not stored again', async () => {
  // For its tables alone: its worker must not come in between.
  await (await start(never))[Symbol.asyncDispose]()
  await redis.del(stream)
  const ids = [await letter('dead'), await letter('dead')]
  await redis.xgroup('CREATE', stream, group, '0')
  await redis.xreadgroup('GROUP', group, 'dead-one', 'COUNT', 10, 'STREAMS', stream, '>')
  // It died between its commit and its acknowledgement.
  const client = new pg.Client(databases.env.DATABASE_URL)
  await client.connect()
  await client.query(
    `INSERT INTO audit_events (event_id, event_version, event_timestamp, event_date, event_type, event_category,
       event_action, event_outcome, correlation_id, event_data)
     SELECT $1, '1.0', ($2::jsonb->>'timestamp')::timestamptz, now()::date, 't', 'c', 'a', 'o', 'dead', '{}'`,
    [ids[0], JSON.stringify({ timestamp: (await entries())[0].payload.event_timestamp })],
  )
  await client.end()
  await start()
  await vi.waitFor(async () => expect(await entries()).toEqual([]), soon)
  expect((await stored('dead')).sort()).toEqual(ids.sort())
})

test('an accepted event that the database refuses for good is put aside for people, with the reason', async () => {
  await letter('refused', undefined, { event_timestamp: '2001-01-01T00:00:00Z' })
  await redis.xadd(stream, '*', 'message', 'no JSON')
  await letter('good')
  const running = await start()
  await vi.waitFor(async () => expect(await entries()).toEqual([]), soon)
  expect(await stored('good')).toHaveLength(1)
  const aside = await redis.xrange(rejectedStream, '-', '+')
  expect(aside.map(([, fields]) => fields[3])).toEqual([
    expect.stringContaining('lies in no month'),
    expect.stringContaining('JSON'),
  ])
  expect(await running.metric('datastorage_dead_letters_total{result="rejected"}')).toBe(2)
})

test('an entry waits for its time, and a stop tries it all the same and leaves the group', async () => {
  const running = await start(never)
  await letter('early')
  await running.until('datastorage_dead_letters_waiting', 1)
  expect(await stored('early')).toEqual([])
  running.child.kill('SIGTERM')
  expect(await running.exited).toBe(0)
  expect(await stored('early')).toHaveLength(1)
  expect(await redis.xinfo('CONSUMERS', stream, group)).toEqual([])
})
