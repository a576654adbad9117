import { expect, test } from 'vitest'
import { createAdmission } from './admission.ts'
import { useBatchRoute } from './batch-route.ts'
import { type AuditEvent, batchPath, eventsPath, type IdentifiedEvent, openapi } from './contract.ts'
import { createPool } from './database.ts'
import { toEventQuery } from './event-query.ts'
import { useEventRoute } from './event-route.ts'
import { trackInFlight } from './in-flight.ts'
import { createMetrics } from './metrics.ts'
import { noSelfAudit } from './self-audit.ts'
import { createServer } from './server.ts'
import { anEvent } from './testing/an-event.ts'

/** The real server and write routes, with a behaviour that takes every valid event. No database is touched. */
async function post(body: unknown, url: string = batchPath) {
  const app = createServer({ logLevel: 'silent', requestTimeoutMs: 1000 })
  const nowhere = { databaseUrl: 'postgres://127.0.0.1/none', max: 1, idle: 0, statementLimitMs: 1 }
  const metrics = createMetrics(createPool(nowhere, app.log))
  const stored: AuditEvent[] = []
  const behaviour = {
    admit: () => 'accept' as const,
    write: async (events: IdentifiedEvent[]) => {
      stored.push(...events)
      return events.map((event) => event.event_id)
    },
    close: async () => {},
  }
  const limits = { singleMs: 1, batchMs: 1, queryMs: 1 }
  const parts = { behaviour, metrics, limits, selfAudit: noSelfAudit }
  const admission = createAdmission(behaviour, metrics, trackInFlight(metrics))
  useBatchRoute(app, admission, parts)
  useEventRoute(app, admission, parts, { add: async () => {} })
  const answer = await app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  })
  return { status: answer.statusCode, type: answer.headers['content-type'], json: answer.json(), stored }
}

/** Arrays in each other: this many levels. */
function nested(levels: number): unknown {
  let value: unknown = []
  for (let level = 1; level < levels; level++) value = [value]
  return value
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
  expect(answer).toMatchObject({ status: 201, json: { event_ids: [expect.stringMatching(/^[0-9a-f-]{36}$/)] } })
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
  ['a NUL character', [anEvent({ severity: 'a\0b' })], 'event 0: severity must not contain a NUL character'],
  ['half of a surrogate pair', [anEvent({ actor_id: '\ud800' })], 'event 0: actor_id must not contain'],
  ['a NUL character deep inside', [anEvent({ event_data: { a: ['\0'] } })], 'event 0: event_data must not'],
  [
    'event_data beyond its depth',
    [anEvent({ event_data: { a: nested(64) } })],
    'event 0: event_data must not be nested',
  ],
])('%s is a problem that names index and field', async (_, body, detail) => {
  const answer = await post(body)
  expect(answer.json).toEqual({
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: expect.stringContaining(detail),
    instance: batchPath,
  })
  expect(answer).toMatchObject({ status: 400, type: expect.stringContaining('application/problem+json'), stored: [] })
})

test.each([
  ['an array', [good], 'the body must be a JSON object, the event'],
  ['a missing field', without('event_data'), 'event_data is required'],
  ['a long text', anEvent({ actor_id: 'a'.repeat(256) }), 'actor_id must not have more than 255 characters'],
])('a single event that is %s is a problem that names the field', async (_, body, detail) => {
  expect(await post(body, eventsPath)).toMatchObject({
    status: 400,
    json: { detail, instance: eventsPath },
    stored: [],
  })
})

test('a single event is answered with its id and its own timestamp', async () => {
  const { json, stored, status } = await post({ ...good, event_id: 'of the client' }, eventsPath)
  const { event_id, event_timestamp } = stored[0] as AuditEvent & { event_id: string }
  expect(status).toBe(201)
  expect(json).toEqual({ event_id, event_timestamp, message: expect.any(String) })
  expect(event_id).toMatch(/^[0-9a-f-]{36}$/)
})

test.each([
  ['broken JSON', '[{', 'the body is not JSON'],
  ['nothing', '', 'the body is not JSON'],
  ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'the body is not valid UTF-8'],
  [
    'a number beyond a double',
    JSON.stringify([anEvent({ event_data: { n: 1 } })]).replace('"n":1', '"n":1e999'),
    'event 0',
  ],
])('%s is a problem', async (_, body, detail) => {
  const answer = await post(body)
  expect(answer).toMatchObject({ status: 400, json: { detail: expect.stringContaining(detail) } })
  expect(answer.type).toContain('application/problem+json')
})

test('event_data may be as deep as the document says', async () => {
  expect(await post([anEvent({ event_data: { a: nested(63) } })])).toMatchObject({ status: 201 })
})

const page = { limit: 50, offset: 0 }

test('since is relative to now, or a moment with its zone', () => {
  const { since } = toEventQuery({ ...page, since: '24h' })
  expect((Date.now() - Number(since)) / 3_600_000).toBeCloseTo(24, 2)
  const moment = toEventQuery({ ...page, since: '2025-12-24T14:22:39+01:00' })
  expect(moment.since).toEqual(new Date('2025-12-24T13:22:39Z'))
})

test('a leap second, which JavaScript does not know, is refused by name', () => {
  expect(() => toEventQuery({ ...page, until: '2016-12-31T23:59:60Z' })).toThrow('until must be')
})

test('a client made from the document can send and read any event_data: no object in it is left without a word on its fields', () => {
  const silent: string[] = []
  const visit = (node: unknown, place: string) => {
    if (typeof node !== 'object' || node === null) return
    const { type, properties, additionalProperties } = node as Record<string, unknown>
    const isObject = [type].flat().includes('object')
    if (isObject && !properties && additionalProperties === undefined) silent.push(place)
    for (const [key, child] of Object.entries(node)) visit(child, `${place}/${key}`)
  }
  visit(openapi, '#')
  expect(silent).toEqual([])
})
