import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis as RedisClient } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Postgres, startPostgres } from '../../containers/embedded/postgres.ts'
import { type Redis, startRedis } from '../../containers/embedded/redis.ts'
import { createClock } from '../clock.ts'
import { times } from '../picture.fixture.ts'
import type { StoredLine } from '../sample.ts'
import { readBack, readQueueBack } from './index.ts'
import { startScene } from './scene.fixture.ts'

const signal = new AbortController().signal
let folder: string
let postgres: Postgres
let redis: Redis

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culprit-collector-'))
  postgres = await startPostgres({ folder, signal })
  redis = await startRedis({ folder, signal })
})
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]()
  await postgres?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** A session as the service has them. */
async function session(): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: postgres.serviceConnectionString, application_name: 'datastorage' })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

describe('the database probe', () => {
  test('tells idle, idle in transaction and waiting for a lock, and leaves the harness itself out', async () => {
    await using holder = await session()
    await using waiter = await session()
    await using idle = await session()
    await idle.query('CREATE TABLE IF NOT EXISTS locked (id int)')
    await holder.query('BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE')
    const waiting = waiter.query('INSERT INTO locked VALUES (1)')
    await using scene = await startScene({ postgresUrl: postgres.connectionString, redisUrl: redis.url })
    await scene.next((line) => line.kind === 'postgres' && line.lockWaits === 1)
    const line = scene.of('postgres').at(-1)
    expect(line).toMatchObject({
      active: 1,
      idle: 1,
      idleInTransaction: 1,
      lockWaits: 1,
      waits: { Lock: 1, Client: 2 },
    })
    expect(line?.longestTransactionMs).toBeGreaterThan(0)
    await holder.query('COMMIT')
    await waiting
    await scene.next((next) => next.kind === 'postgres' && next.idle === 3 && next.lockWaits === 0)
    expect(scene.of('postgres').at(-1)?.longestTransactionMs).toBe(0)
  })

  test('counts deadlocks, commits and rows', async () => {
    await using one = await session()
    await using scene = await startScene({ postgresUrl: postgres.connectionString, redisUrl: redis.url })
    await scene.next((line) => line.kind === 'postgres')
    const before = scene.of('postgres').at(-1)
    await one.query('CREATE TABLE IF NOT EXISTS counted AS SELECT generate_series(1, 7)')
    // Sessions hand their figures in after a while, or when they are told to.
    await one.query('SELECT pg_stat_force_next_flush()')
    await scene.next((line) => line.kind === 'postgres' && line.rowsInserted >= (before?.rowsInserted ?? 0) + 7)
    expect(scene.of('postgres').at(-1)?.deadlocks).toBe(0)
  })
})

test('the Redis probe: memory, and the length of the dead-letter queue', async () => {
  const { Redis: Client } = await import('ioredis')
  const client = new Client(redis.url)
  try {
    await client.xadd('audit:dlq:events', '*', 'message', '{}')
    await using scene = await startScene({ postgresUrl: postgres.connectionString, redisUrl: redis.url })
    await scene.next((line) => line.kind === 'redis')
    const [line] = scene.of('redis')
    expect(line?.dlqLength).toBe(1)
    expect(line?.usedMemoryBytes).toBeGreaterThan(100_000)
  } finally {
    client.disconnect()
  }
})

describe('the read-back', () => {
  test('counts the copies of each event of this run, and says that it is complete', async () => {
    await using client = await session()
    await client.query('CREATE TABLE audit_events (event_data jsonb NOT NULL)')
    const insert = (run: string, name: string, event: number) =>
      client.query('INSERT INTO audit_events VALUES ($1)', [{ client: name, event, run }])
    for (const event of [0, 2, 2]) await insert('run-1', 'rr-1', event)
    await insert('run-1', 'rr-2', 0)
    await insert('run-2', 'rr-1', 1)
    const lines: StoredLine[] = []
    const write = (line: StoredLine) => lines.push(line)
    await readBack({ postgresUrl: postgres.connectionString, runId: 'run-1', clock: createClock(0), write })
    expect(lines).toMatchObject([
      { kind: 'stored', client: 'rr-1', copies: [1, 0, 2] },
      { kind: 'stored', client: 'rr-2', copies: [1] },
      { kind: 'stored-end', rows: 4 },
    ])
  })

  test('a database that does not answer throws: the record does not claim to be complete', async () => {
    const lines: StoredLine[] = []
    const write = (line: StoredLine) => lines.push(line)
    const postgresUrl = 'postgres://nobody@127.0.0.1:1/none'
    await expect(readBack({ postgresUrl, runId: 'run-1', clock: createClock(0), write })).rejects.toThrow()
    expect(lines).toEqual([])
  })
})

describe('the queue read-back', () => {
  const key = 'audit:dlq:events'
  const message = (run: string, name: string, event: number, asText = false) => {
    const payload = { event_data: { run, client: name, event } }
    return JSON.stringify({ type: 'audit_event', payload: asText ? JSON.stringify(payload) : payload, retry_count: 0 })
  }

  test('names the events of the run that wait in the queue, over several pages, each once', async () => {
    const client = new RedisClient(redis.url)
    await client.del(key)
    const pipeline = client.pipeline()
    const messages = [
      ...times(2_100, (event) => message('another run', 'rr-1', event)),
      message('run-1', 'rr-1', 2),
      message('run-1', 'rr-1', 0, true),
      message('run-1', 'rr-1', 2),
      message('run-1', 'rr-2', 7),
      'what somebody else has put there',
    ]
    for (const text of messages) pipeline.xadd(key, '*', 'message', text)
    await pipeline.exec()
    const lines: StoredLine[] = []
    const write = (line: StoredLine) => lines.push(line)
    await readQueueBack({ redisUrl: redis.url, runId: 'run-1', clock: createClock(0), write })
    await client.del(key)
    client.disconnect()
    expect(lines).toMatchObject([
      { kind: 'queued', client: 'rr-1', events: [0, 2] },
      { kind: 'queued', client: 'rr-2', events: [7] },
      { kind: 'queued-end', entries: 2_105 },
    ])
  })

  test('a Redis that does not answer throws, and says why', async () => {
    const lines: StoredLine[] = []
    const write = (line: StoredLine) => lines.push(line)
    const redisUrl = 'redis://127.0.0.1:1'
    await expect(readQueueBack({ redisUrl, runId: 'run-1', clock: createClock(0), write })).rejects.toThrow('REFUSED')
    expect(lines).toEqual([])
  })
})

test('a service without figures of its own counts as drained when its database has been quiet, not while it works', async () => {
  await using writer = await session()
  await writer.query('BEGIN')
  await using scene = await startScene({ postgresUrl: postgres.connectionString, redisUrl: redis.url })
  scene.state.isSilent = true
  let isDrained = false
  const drained = scene.collector.drained(signal).then(() => {
    isDrained = true
  })
  const startedMs = scene.of('postgres').at(-1)?.t ?? 0
  await scene.next((line) => line.kind === 'postgres' && line.t > startedMs + 3_000)
  expect(isDrained).toBe(false)
  await writer.query('COMMIT')
  await drained
})
