import { expect, test } from 'vitest'
import { useBatchRoute } from './batch-route.ts'
import type { AuditEvent } from './contract.ts'
import { createPool } from './database.ts'
import { eventQuerySchema } from './event-query.ts'
import { trackInFlight } from './in-flight.ts'
import { createMetrics } from './metrics.ts'
import { createServer } from './server.ts'
import { anEvent } from './testing/an-event.ts'

/** The real server and batch route, with a behaviour that takes every valid batch. No database is touched. */
async function post(body: unknown) {
  const app = createServer('silent')
  const metrics = createMetrics(createPool({ databaseUrl: 'postgres://127.0.0.1/none', max: 1, idle: 0 }, app.log))
  const stored: AuditEvent[] = []
  const behaviour = {
    admit: () => 'accept' as const,
    write: async (events: AuditEvent[]) => {
      stored.push(...events)
      return events.map((_, index) => `id-${index}`)
    },
    close: async () => {},
  }
  useBatchRoute(app, { behaviour, metrics, inFlight: trackInFlight(metrics) })
  const answer = await app.inject({
    method: 'POST',
    url: '/api/v1/audit/events/batch',
    headers: { 'content-type': 'application/json' },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: answer.statusCode, type: answer.headers['content-type'], json: answer.json(), stored }
}

const without = (field: keyof AuditEvent) => ({ ...anEvent(), [field]: undefined })

test('a full event, with null where null is allowed and a field the contract does not know, is accepted', async () => {
  const event = anEvent({
    parent_event_id: null,
    severity: null,
    duration_ms: null,
    namespace: null,
    cluster_name: null,
  })
  const answer = await post([{ ...event, colour: 'red' }])
  expect(answer).toMatchObject({ status: 201, json: { event_ids: ['id-0'] } })
})

test('event_data is stored as it came, keys such as __proto__ included', async () => {
  const raw = JSON.stringify([anEvent()]).replace('"event_data":{', '"event_data":{"__proto__":{"a":1},')
  const { status, stored } = await post(raw)
  expect(status).toBe(201)
  expect(JSON.stringify(stored[0]?.event_data)).toContain('"__proto__":{"a":1}')
})

const good = anEvent()
test.each([
  ['an empty array', [], 'the batch is empty: send at least one event'],
  ['a single object', good, 'the body must be a JSON array of events'],
  ['something that is no event', [good, 7], 'event 1: must be object'],
  ['a missing field', [good, good, good, without('event_type')], 'event 3: event_type is required'],
  ['an empty text', [anEvent({ event_type: '' })], 'event 0: event_type must not have fewer than 1 characters'],
  ['a long text', [anEvent({ version: 'v'.repeat(21) })], 'event 0: version must not have more than 20 characters'],
  ['a number for a text', [{ ...good, version: 1 }], 'event 0: version must be string'],
  [
    'an unknown outcome',
    [{ ...good, event_outcome: 'ok' }],
    'event 0: event_outcome must be one of success, failure, pending',
  ],
  [
    'a local time',
    [anEvent({ event_timestamp: '2025-12-24T14:22:39' })],
    'event 0: event_timestamp must be an RFC 3339 time such as 2025-12-24T14:22:39Z',
  ],
  ['a parent that is no uuid', [anEvent({ parent_event_id: 'x' })], 'event 0: parent_event_id must be a uuid'],
  ['a fraction of a millisecond', [anEvent({ duration_ms: 1.5 })], 'event 0: duration_ms must be integer or null'],
  ['an array as event_data', [{ ...good, event_data: [] }], 'event 0: event_data must be object'],
])('%s is a problem that names index and field', async (_, body, detail) => {
  const answer = await post(body)
  expect(answer.json).toEqual({
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail,
    instance: '/api/v1/audit/events/batch',
  })
  expect(answer).toMatchObject({ status: 400, type: expect.stringContaining('application/problem+json'), stored: [] })
})

test('broken JSON is a problem too', async () => {
  expect(await post('[{')).toMatchObject({ status: 400, type: expect.stringContaining('application/problem+json') })
})

test('a page is 50 events from the newest unless the query says otherwise', () => {
  expect(eventQuerySchema.parse({})).toEqual({ limit: 50, offset: 0 })
  expect(eventQuerySchema.parse({ limit: '1000', offset: '7' })).toEqual({ limit: 1000, offset: 7 })
})

test('since is relative to now, or a moment with its zone', () => {
  const { since } = eventQuerySchema.parse({ since: '24h' })
  expect((Date.now() - Number(since)) / 3_600_000).toBeCloseTo(24, 2)
  expect(eventQuerySchema.parse({ since: '2025-12-24T14:22:39+01:00' }).since).toEqual(new Date('2025-12-24T13:22:39Z'))
})
