import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anEvent } from './testing/an-event.ts'
import { type RealService, spawnService, startDatabases, startRealService } from './testing/real-service.ts'

let databases: Awaited<ReturnType<typeof startDatabases>>
let service: RealService
let other: RealService

beforeAll(async () => {
  databases = await startDatabases()
  // Two at once on an empty database: both must come up, whoever migrates first.
  ;[service, other] = await Promise.all([startRealService(databases.env), startRealService(databases.env)])
})
afterAll(async () => {
  await service?.[Symbol.asyncDispose]()
  await other?.[Symbol.asyncDispose]()
  await databases?.[Symbol.asyncDispose]()
})

const stored = (correlationId: string) => service.get(`/api/v1/audit/events?correlation_id=${correlationId}`)

describe('batches', () => {
  test('every event is stored under the id that the answer gives in its place, and seen by the other instance', async () => {
    const events = ['2', '1', '3'].map((action) => anEvent({ correlation_id: 'all', event_action: action }))
    const { status, json } = await service.post(events)
    expect(status).toBe(201)
    const { json: found } = await other.get('/api/v1/audit/events?correlation_id=all')
    const actions = new Map(
      found.data.map((e: { event_id: string; event_action: string }) => [e.event_id, e.event_action]),
    )
    expect(json.event_ids.map((id: string) => actions.get(id))).toEqual(['2', '1', '3'])
  })

  test('an event comes back with what it was sent with, dated by its day in UTC', async () => {
    const parent = (await service.post([anEvent({ correlation_id: 'parent' })])).json.event_ids[0]
    const month = new Date().toISOString().slice(0, 7)
    const event = anEvent({
      correlation_id: 'whole',
      event_timestamp: `${month}-10T23:30:00-02:00`,
      parent_event_id: parent,
      severity: 'high',
      duration_ms: 12,
      namespace: 'default',
      cluster_name: 'east',
      event_data: { nested: { list: [1, 'two', null] } },
    })
    await service.post([event])
    const { json } = await stored('whole')
    expect(json.data).toEqual([
      expect.objectContaining({ ...event, event_timestamp: `${month}-11T01:30:00.000Z`, event_date: `${month}-11` }),
    ])
  })

  test.each([
    ['malformed', { event_outcome: undefined }, 'event 1: event_outcome is required'],
    [
      'beyond what PostgreSQL can hold',
      { event_timestamp: '2025-12-24T14:22:39+17:00' },
      'event 1: the database cannot hold its data',
    ],
    ['the child of no event', { parent_event_id: crypto.randomUUID() }, 'is not a stored event'],
    [
      'older than every partition',
      { event_timestamp: '2001-01-01T00:00:00Z' },
      'lies in no month that has a partition',
    ],
  ])('one event that is %s is named, and nothing of its batch is stored', async (name, change, detail) => {
    const correlation_id = encodeURIComponent(name)
    const good = anEvent({ correlation_id })
    const answer = await service.post([good, { ...good, ...change }, good])
    expect(answer).toMatchObject({ status: 400, json: { status: 400, detail: expect.stringContaining(detail) } })
    expect((await stored(encodeURIComponent(correlation_id))).json.pagination.total).toBe(0)
  })
})

describe('queries', () => {
  const at = (minute: number) => new Date(Date.now() - minute * 60_000).toISOString()
  beforeAll(async () => {
    await service.post([
      anEvent({ event_type: 'q.old', event_timestamp: at(180), severity: 'low', correlation_id: 'q' }),
      anEvent({ event_type: 'q.new', event_timestamp: at(1), event_outcome: 'failure', correlation_id: 'q' }),
      anEvent({ event_type: 'q.mid', event_timestamp: at(60), event_category: 'gateway', correlation_id: 'q' }),
    ])
  })

  test.each([
    ['', ['q.new', 'q.mid', 'q.old']],
    ['&event_type=q.mid', ['q.mid']],
    ['&event_category=gateway', ['q.mid']],
    ['&event_outcome=failure', ['q.new']],
    ['&severity=low', ['q.old']],
    ['&since=2h', ['q.new', 'q.mid']],
    [`&until=${at(30)}`, ['q.mid', 'q.old']],
    [`&since=${at(90)}&until=30m`, ['q.mid']],
    ['&event_outcome=pending', []],
  ])('newest first, filtered by "%s"', async (filter, types) => {
    const { status, json } = await service.get(`/api/v1/audit/events?correlation_id=q${filter}`)
    expect(status).toBe(200)
    expect(json.data.map((event: { event_type: string }) => event.event_type)).toEqual(types)
    expect(json.pagination).toEqual({ limit: 50, offset: 0, total: types.length, has_more: false })
  })

  test('pages neither repeat nor skip an event, and the last one says so', async () => {
    const page = (offset: number) => service.get(`/api/v1/audit/events?correlation_id=q&limit=2&offset=${offset}`)
    const [first, second] = [await page(0), await page(2)]
    expect(first.json.pagination).toEqual({ limit: 2, offset: 0, total: 3, has_more: true })
    expect(second.json.pagination).toEqual({ limit: 2, offset: 2, total: 3, has_more: false })
    const types = [...first.json.data, ...second.json.data].map((event) => event.event_type)
    expect(types).toEqual(['q.new', 'q.mid', 'q.old'])
  })

  test.each(['limit=0', 'limit=1001', 'offset=-1', 'limit=x', 'since=yesterday', 'event_outcome=ok', 'colour=red'])(
    '%s is refused by name',
    async (parameter) => {
      const { status, json } = await service.get(`/api/v1/audit/events?${parameter}`)
      expect(status).toBe(400)
      expect(json.detail).toContain(parameter.split('=')[0])
    },
  )
})

test('whoever inserts past the service with a wrong day gets the right one', async () => {
  const month = new Date().toISOString().slice(0, 7)
  const client = new pg.Client({ connectionString: databases.env.DATABASE_URL })
  await client.connect()
  try {
    const { rows } = await client.query(
      `INSERT INTO audit_events (event_id, event_version, event_timestamp, event_date, event_type, event_category,
         event_action, event_outcome, correlation_id, event_data)
       VALUES (gen_random_uuid(), '1.0', $1, $2, 'a.b', 'workflow', 'x', 'success', 'by-hand', '{}')
       RETURNING event_date::text AS day`,
      [`${month}-10T23:30:00-02:00`, `${month}-05`],
    )
    expect(rows).toEqual([{ day: `${month}-11` }])
  } finally {
    await client.end()
  }
})

test('the metrics count what was stored and what was refused', async () => {
  const of = (labels: string) => `datastorage_audit_traces_total{${labels}}`
  // Nobody else here writes events of this category.
  const event = anEvent({ event_category: 'notification' })
  const written = 'datastorage_write_duration_seconds_count{table="audit_events"}'
  await service.post([anEvent()])
  const writtenBefore = await service.metric(written)
  await service.post([event, event])
  await service.post([{ ...event, namespace: 7 }])
  expect(await service.metric(of('service="notification",status="success"'))).toBe(2)
  expect(await service.metric('datastorage_audit_lag_seconds_count{service="notification"}')).toBe(2)
  expect(await service.metric(written)).toBe(writtenBefore + 1)
  expect(await service.metric('datastorage_validation_failures_total{field="namespace",reason="type"}')).toBe(1)
})

test('an unknown path is a problem', async () => {
  expect(await service.get('/nope')).toMatchObject({ status: 404, json: { title: 'Not Found', instance: '/nope' } })
})

test('SIGTERM: a batch in progress is still stored and answered, then the process ends with 0', async () => {
  await using slow = await startRealService({
    ...databases.env,
    DATASTORAGE_PROFILE: 'as-reported',
    DATASTORAGE_PROFILE_OPTIONS: '{"cpuMsPerEvent": 100, "holdBytesPerEvent": 0}',
  })
  const answer = slow.post([anEvent({ correlation_id: 'term' }), anEvent({ correlation_id: 'term' })])
  await slow.until('datastorage_events_pending', 2)
  slow.child.kill('SIGTERM')
  expect((await answer).status).toBe(201)
  expect(await slow.exited).toBe(0)
  expect((await stored('term')).json.pagination.total).toBe(2)
})

test('a configuration with several mistakes: all of them on stderr, exit code 1', async () => {
  const child = spawnService({
    REDIS_URL: 'x',
    DATASTORAGE_PROFILE: 'as-reported',
    DATASTORAGE_PROFILE_OPTIONS: '{"cpu": 1}',
  })
  const [stderr, [code]] = await Promise.all([child.stderr ? text(child.stderr) : '', once(child, 'exit')])
  expect(code).toBe(1)
  for (const mistake of ['DATABASE_URL is not set', 'REDIS_URL must be a URL', '"cpu"'])
    expect(stderr).toContain(mistake)
})

// Last: it takes the database away.
test('without its database the service says so, and lives on', async () => {
  expect((await service.get('/health')).json).toEqual({ status: 'healthy', database: 'connected' })
  await databases.postgres[Symbol.asyncDispose]()
  expect(await service.get('/health')).toMatchObject({ status: 503, json: { status: 'unhealthy' } })
  expect(await service.get('/health/ready')).toMatchObject({ status: 503, json: { status: 'not_ready' } })
  expect(await service.get('/health/live')).toMatchObject({ status: 200, json: { status: 'alive' } })
  expect(await service.post([anEvent()])).toMatchObject({ status: 500, json: { title: 'Internal Server Error' } })
  expect(await service.metric('datastorage_events_pending')).toBe(0)
})
