// What the service can be told to do about too much load: each setting against a real service, off by default.
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { batchPath, eventsPath } from './contract.ts'
import { anEvent } from './testing/an-event.ts'
import { type RealService, startDatabases, startRealService } from './testing/real-service.ts'

let databases: Awaited<ReturnType<typeof startDatabases>>
beforeAll(async () => {
  databases = await startDatabases()
})
afterAll(async () => {
  await databases?.[Symbol.asyncDispose]()
})

const slow = { DATASTORAGE_PROFILE: 'as-reported' }
const start = (env: Record<string, string>, options?: object) =>
  startRealService({
    ...databases.env,
    ...env,
    ...(options && { DATASTORAGE_PROFILE_OPTIONS: JSON.stringify(options) }),
  })
const batch = (events: number, correlation_id: string) =>
  Array.from({ length: events }, () => anEvent({ correlation_id }))
const stored = async (service: RealService, id: string) =>
  (await service.get(`${eventsPath}?correlation_id=${id}`)).json.pagination.total

async function send(service: RealService, body: unknown, headers: Record<string, string> = {}) {
  const answer = await request(`${service.url}${batchPath}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const retryAfter = answer.headers['retry-after']
  return { status: answer.statusCode, retryAfter, json: (await answer.body.json()) as Record<string, unknown> }
}

test('abandoned requests leave the queue before they are begun, and their memory goes with them', async () => {
  const options = { cpuMsPerEvent: 200, holdBytesPerEvent: 0, writerThreads: 1 }
  await using service = await start({ ...slow, DATASTORAGE_ABANDONED: 'drop' }, options)
  const first = service.post(batch(2, 'stays'))
  await service.until('datastorage_events_pending', 2)
  const patience = new AbortController()
  const gone = service.post(batch(3, 'gone'), { signal: patience.signal })
  await service.until('datastorage_events_pending', 5)
  patience.abort()
  await expect(gone).rejects.toThrow()
  await service.until('datastorage_requests_not_begun_total', 1)
  expect((await first).status).toBe(201)
  await service.until('datastorage_requests_in_progress', 0)
  expect(await stored(service, 'gone')).toBe(0)
  expect(await stored(service, 'stays')).toBe(2)
})

test('what was begun is finished, although its client has gone', async () => {
  const options = { cpuMsPerEvent: 200, holdBytesPerEvent: 0, writerThreads: 1 }
  await using service = await start({ ...slow, DATASTORAGE_ABANDONED: 'drop' }, options)
  const patience = new AbortController()
  const gone = service.post(batch(2, 'begun'), { signal: patience.signal })
  await service.until('datastorage_pool_connections{state="in_use"}', 1)
  patience.abort()
  await expect(gone).rejects.toThrow()
  await service.until('datastorage_requests_in_progress', 0)
  expect(await stored(service, 'begun')).toBe(2)
})

test('beyond its bound the backlog answers 429 with Retry-After, and takes more once there is room', async () => {
  const options = { cpuMsPerEvent: 200, holdBytesPerEvent: 0 }
  await using service = await start({ ...slow, DATASTORAGE_MAX_BACKLOG: '2', DATASTORAGE_RETRY_AFTER_S: '3' }, options)
  const accepted = [service.post(batch(1, 'bound')), service.post(batch(1, 'bound'))]
  await service.until('datastorage_requests_in_progress', 2)
  expect(await send(service, batch(1, 'bound'))).toMatchObject({
    status: 429,
    retryAfter: '3',
    json: { status: 429, title: 'Too Many Requests' },
  })
  expect((await service.get('/health')).status).toBe(200)
  expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual([201, 201])
  await service.until('datastorage_requests_in_progress', 0)
  expect((await service.post(batch(1, 'bound'))).status).toBe(201)
  expect(await stored(service, 'bound')).toBe(3)
})

test('waiting for a connection ends after the acquire limit', async () => {
  await using service = await start(
    { ...slow, DATASTORAGE_POOL_MAX: '1', DATASTORAGE_POOL_IDLE: '1', DATASTORAGE_ACQUIRE_LIMIT_MS: '100' },
    { cpuMsPerEvent: 1_000, holdBytesPerEvent: 0 },
  )
  const first = service.post(batch(1, 'first'))
  await service.until('datastorage_pool_connections{state="in_use"}', 1)
  expect(await service.post(batch(1, 'second'))).toMatchObject({
    status: 500,
    json: { detail: expect.stringContaining('timeout') },
  })
  expect((await first).status).toBe(201)
})

test('a batch in bulk costs each event its own CPU time all the same', async () => {
  await using service = await start(
    { ...slow, DATASTORAGE_INSERT: 'bulk' },
    { cpuMsPerEvent: 20, holdBytesPerEvent: 0 },
  )
  await service.post(batch(1, 'warm'))
  const before = await service.metric('process_cpu_seconds_total')
  expect((await service.post(batch(25, 'bulk'))).status).toBe(201)
  expect(((await service.metric('process_cpu_seconds_total')) - before) * 1000).toBeGreaterThan(495)
  expect(await stored(service, 'bulk')).toBe(25)
})

describe.each(['row', 'bulk'])('with an idempotency key, inserts by %s', (mode) => {
  let service: RealService
  beforeAll(async () => {
    service = await start({ DATASTORAGE_INSERT: mode })
  })
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]()
  })

  test('a batch that is sent again is stored once, and answered as it was', async () => {
    const id = `again-${mode}`
    const key = { 'idempotency-key': `"${id}"` }
    const events = batch(3, id)
    const first = await send(service, events, key)
    expect(first.status).toBe(201)
    expect(await send(service, events, key)).toEqual(first)
    expect(await stored(service, id)).toBe(3)
    expect(await service.metric('datastorage_events_written_total')).toBe(3)
    expect(await service.metric('datastorage_requests_replayed_total')).toBe(1)
  })

  test('many at once are stored once', async () => {
    const id = `crowd-${mode}`
    const events = batch(2, id)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send(service, events, { 'idempotency-key': id })),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(await stored(service, id)).toBe(2)
  })

  test('other events under the same key are refused, and other keys are other batches', async () => {
    const id = `other-${mode}`
    const send1 = (events: unknown, key: string) => send(service, events, { 'idempotency-key': key })
    expect((await send1(batch(1, id), id)).status).toBe(201)
    expect((await send1(batch(2, id), id)).status).toBe(422)
    expect((await send1(batch(1, id), `${id}-2`)).status).toBe(201)
    expect((await send1(batch(1, id), 'x'.repeat(256))).status).toBe(400)
    expect(await stored(service, id)).toBe(2)
  })

  test('a batch that was refused leaves no key behind', async () => {
    const id = `bad-${mode}`
    const bad = [
      anEvent({ correlation_id: id, event_timestamp: '1999-01-01T00:00:00Z' }),
      anEvent({ correlation_id: id }),
    ]
    for (const _time of [1, 2]) expect((await send(service, bad, { 'idempotency-key': id })).status).toBe(400)
    expect((await send(service, batch(1, id), { 'idempotency-key': id })).status).toBe(201)
  })
})
