// Time limits, rights, inserts in bulk, self-audit, partitions, shutdown: each against a service set for it.
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventsPath } from './contract.ts'
import { createPool } from './database.ts'
import { anEvent } from './testing/an-event.ts'
import { type RealService, startDatabases, startRealService } from './testing/real-service.ts'

const soon = { timeout: 8_000, interval: 20 }
let databases: Awaited<ReturnType<typeof startDatabases>>
let admin: pg.Client

beforeAll(async () => {
  databases = await startDatabases()
  admin = new pg.Client(databases.postgres.connectionString)
  admin.on('error', () => {})
  await admin.connect()
  // The tables, for whichever test comes first.
  await using _service = await startRealService(databases.env)
})
afterAll(async () => {
  await admin?.end()
  await databases?.[Symbol.asyncDispose]()
})

const start = (env: Record<string, string>) => startRealService({ ...databases.env, ...env })

test('a database that cannot hold every character is refused at the start, with what to do', async () => {
  await admin.query(`CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`)
  const url = new URL(databases.env.DATABASE_URL)
  url.pathname = '/narrow'
  await expect(start({ DATABASE_URL: url.href })).rejects.toThrow(/encoding LATIN1: make it with CREATE DATABASE/)
})

test('a database that does not answer in time: 202, 500, 500, and no connection is left unfit', async () => {
  const limitMs = '200'
  await using service = await start({
    DATASTORAGE_SINGLE_LIMIT_MS: limitMs,
    DATASTORAGE_BATCH_LIMIT_MS: limitMs,
    DATASTORAGE_QUERY_LIMIT_MS: limitMs,
    DATASTORAGE_POOL_MAX: '3',
    DATASTORAGE_POOL_IDLE: '1',
  })
  const find = (id: string) => service.get(`${eventsPath}?correlation_id=${id}`)
  await admin.query('BEGIN; LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE')
  // More than the pool has connections: some time out while they wait for one.
  const single = (n: number) => service.post(anEvent({ correlation_id: `slow-${n}` }), { path: eventsPath })
  const answers = await Promise.all([
    ...[1, 2, 3].map(single),
    service.post([anEvent({ correlation_id: 'slow-batch' })]),
    find('slow-1'),
  ])
  await admin.query('ROLLBACK')
  expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202, 500, 500])
  expect(answers.at(-1)?.json.detail).toContain('did not finish in 200 ms')
  for (let n = 0; n < 10; n++) {
    const id = `after-${n}`
    expect((await service.post([anEvent({ correlation_id: id })])).status).toBe(201)
    expect((await find(id)).json.data).toEqual([expect.objectContaining({ correlation_id: id })])
  }
  expect((await find('slow-batch')).json.data).toEqual([])
  await service.until('datastorage_pool_connections{state="in_use"}', 0)
})

describe('rights', () => {
  const change = ["UPDATE audit_events SET event_type = 'x'", 'DELETE FROM audit_events', 'TRUNCATE audit_events']
  const log = { info() {}, warn() {}, error() {} }

  test.each([...change, 'DROP TABLE audit_events'])('the service may not %s', async (sql) => {
    const url = databases.env.DATABASE_URL
    const pool = createPool({ databaseUrl: url, max: 1, idle: 0, statementLimitMs: 1000 }, log)
    await expect(pool.query(sql)).rejects.toMatchObject({ code: '42501' })
    await expect(pool.query('SELECT count(*) FROM audit_events')).resolves.toBeDefined()
    await pool.end()
  })

  test.each(change.slice(0, 2))('not even a superuser may %s', async (sql) => {
    await admin.query(`INSERT INTO audit_events (event_id, event_version, event_timestamp, event_date, event_type,
      event_category, event_action, event_outcome, correlation_id, event_data)
      VALUES (gen_random_uuid(), '1', now(), now()::date, 't', 'c', 'a', 'o', 'r', '{}')`)
    await expect(admin.query(sql)).rejects.toThrow('append-only')
  })
})

describe('with every choice made otherwise', () => {
  let service: RealService
  beforeAll(async () => {
    service = await start({
      DATASTORAGE_INSERT: 'bulk',
      DATASTORAGE_SELF_AUDIT: 'same-pool',
      DATASTORAGE_PARTITIONS_EVERY_MS: '100',
    })
  })
  afterAll(() => service?.[Symbol.asyncDispose]())
  const find = async (filter: string) => (await service.get(`${eventsPath}?${filter}`)).json
  const statementsFor = async (correlationId: string): Promise<number> => {
    // cmin: the number of the command within its transaction.
    const { rows } = await admin.query(
      `SELECT count(DISTINCT cmin::text)::int AS statements FROM audit_events
       WHERE correlation_id = $1 AND event_category = 'orchestration'`,
      [correlationId],
    )
    return rows[0].statements
  }

  test('a batch is one statement, and comes back in full under the ids of the answer', async () => {
    const parent = (await service.post([anEvent()])).json.event_ids[0]
    const sent = [
      anEvent({ correlation_id: 'bulk', parent_event_id: parent, severity: 'high', duration_ms: -1 }),
      anEvent({ correlation_id: 'bulk', event_data: { quote: `"{}\\, 'NULL'`, list: [1, null] }, namespace: 'NULL' }),
    ]
    const { json } = await service.post(sent)
    const found = (await find('correlation_id=bulk&event_category=orchestration')).data
    const byId = new Map(found.map((event: { event_id: string }) => [event.event_id, event]))
    const inOrder = json.event_ids.map((id: string) => byId.get(id))
    expect(inOrder).toEqual(sent.map((event) => expect.objectContaining(event)))
    expect(await statementsFor('bulk')).toBe(1)
  })

  test('a batch comes back with each character it had, and what was empty is not what was not there', async () => {
    const odd = '\\N\t\\\n\r\\.\n\\t\u2028\u{1f600}\b\v'
    const sent = [
      anEvent({
        correlation_id: 'bulk-odd',
        event_action: odd,
        event_data: { [odd]: odd },
        actor_id: '',
        severity: odd,
      }),
      anEvent({ correlation_id: 'bulk-odd', namespace: null, cluster_name: '\\N', actor_type: undefined }),
    ]
    expect((await service.post(sent)).status).toBe(201)
    const found = (await find('correlation_id=bulk-odd&event_category=orchestration')).data
    expect(found).toHaveLength(2)
    const [one, other] = found[0].actor_id === '' ? found : found.toReversed()
    expect(one).toMatchObject({ ...sent[0] })
    expect(other).toMatchObject({ ...sent[1], actor_type: null, severity: null })
    expect(await statementsFor('bulk-odd')).toBe(1)
  })

  test('each day is the one that the database makes of the timestamp, also where that is in another month', async () => {
    const first = new Date(new Date().toISOString().slice(0, 7))
    const day = (offset: number) => new Date(first.getTime() + offset * 86_400_000).toISOString().slice(0, 10)
    const days = {
      [`${day(9)}T23:59:59.9999999Z`]: day(10),
      [`${day(9)}T23:59:60Z`]: day(10),
      [`${day(9)}t23:30:00-01:00`]: day(10),
      [`${day(9)}\n00:30:00.5+01`]: day(8),
      [`${day(-1)}T23:59:59Z`]: day(-1),
    }
    const acrossMonths = { [`${day(-1)}T23:59:59.9999999Z`]: day(0), [`${day(-1)}T23:59:60Z`]: day(0) }
    for (const [batch, expected] of [days, acrossMonths].entries()) {
      const correlation_id = `bulk-days-${batch}`
      const sent = Object.keys(expected).map((event_timestamp) => anEvent({ correlation_id, event_timestamp }))
      const { status, json } = await service.post(sent)
      expect(status).toBe(201)
      const found = (await find(`correlation_id=${correlation_id}&event_category=orchestration`)).data
      const byId = new Map(
        found.map((event: { event_id: string; event_date: string }) => [event.event_id, event.event_date]),
      )
      expect(json.event_ids.map((id: string) => byId.get(id))).toEqual(Object.values(expected))
    }
  })

  test('one bad event of a batch is named, and nothing is stored', async () => {
    const good = anEvent({ correlation_id: 'bulk-bad' })
    const answer = await service.post([good, good, { ...good, event_timestamp: '2001-01-01T00:00:00Z' }])
    expect(answer).toMatchObject({ status: 400, json: { detail: expect.stringContaining('event 2: event_timestamp') } })
    expect((await find('correlation_id=bulk-bad')).pagination.total).toBe(0)
  })

  test('the service audits itself on the same pool', async () => {
    await service.post([anEvent({ correlation_id: 'audited' }), anEvent({ correlation_id: 'audited' })])
    await vi.waitFor(async () => {
      const { data } = await find('correlation_id=audited&event_type=datastorage.audit.written')
      expect(data).toHaveLength(1)
      expect(data[0]).toMatchObject({ actor_id: 'datastorage', event_data: { events: 2 } })
    }, soon)
  })

  test('partitions are made ahead while it runs', async () => {
    const names = async () =>
      (await admin.query('SELECT inhrelid::regclass::text AS name FROM pg_inherits ORDER BY 1')).rows
        .map(({ name }) => name)
        .filter((name: string) => /^audit_events_\d{4}_\d{2}$/.test(name))
    const before = await names()
    expect(before).toHaveLength(5)
    await admin.query(`ALTER TABLE audit_events DETACH PARTITION ${before.at(-1)}`)
    await admin.query(`ALTER TABLE ${before.at(-1)} RENAME TO gone`)
    await vi.waitFor(async () => expect(await names()).toEqual(before), soon)
  })
})

test('after SIGTERM it is not ready, serves on for a pause, and ends with 0', async () => {
  await using service = await start({ DATASTORAGE_SHUTDOWN_PAUSE_MS: '700' })
  expect(await service.get('/health/ready')).toMatchObject({ status: 200, json: { status: 'ready' } })
  service.child.kill('SIGTERM')
  await vi.waitFor(async () => {
    const ready = await service.get('/health/ready')
    expect(ready).toMatchObject({ status: 503, json: { status: 'not_ready', reason: 'shutting down' } })
  }, soon)
  expect((await service.get('/health/live')).status).toBe(200)
  expect((await service.post([anEvent()])).status).toBe(201)
  expect(await service.exited).toBe(0)
})
