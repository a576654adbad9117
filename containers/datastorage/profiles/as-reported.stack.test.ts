import { afterAll, beforeAll, expect, test } from 'vitest'
import { anEvent } from '../testing/an-event.ts'
import { type RealService, startDatabases, startRealService } from '../testing/real-service.ts'

const mib = 1024 * 1024
let databases: Awaited<ReturnType<typeof startDatabases>>

beforeAll(async () => {
  databases = await startDatabases()
})
afterAll(async () => {
  await databases?.[Symbol.asyncDispose]()
})

const start = (options: object): Promise<RealService> =>
  startRealService({
    ...databases.env,
    DATASTORAGE_PROFILE: 'as-reported',
    DATASTORAGE_PROFILE_OPTIONS: JSON.stringify(options),
  })
const batch = (events: number, correlation_id = 'any') =>
  Array.from({ length: events }, () => anEvent({ correlation_id }))

test('an event costs its CPU time, no more and no less', async () => {
  await using service = await start({ cpuMsPerEvent: 20, holdBytesPerEvent: 2.75 * mib })
  await service.post(batch(1))
  const before = await service.metric('process_cpu_seconds_total')
  await service.post(batch(25))
  const usedMs = ((await service.metric('process_cpu_seconds_total')) - before) * 1000
  // 25 x 20 ms, and what HTTP and the inserts take. CPU time, so a busy machine does not matter.
  expect(usedMs).toBeGreaterThan(495)
  expect(usedMs).toBeLessThan(750)
})

test.each([
  { eachMib: 12, cpuMs: 60, short: 10, long: 20 },
  { eachMib: 2.75, cpuMs: 20, short: 30, long: 60 },
])(
  '$eachMib MiB per event are there while it is pending, and go back while others are held',
  async ({ eachMib, cpuMs, short, long }) => {
    await using service = await start({ cpuMsPerEvent: cpuMs, holdBytesPerEvent: eachMib * mib })
    const rss = 'process_resident_memory_bytes'
    const idleBytes = await service.metric(rss)
    // Twice: an allocator may treat a size differently once blocks of it have been freed.
    for (const _round of [1, 2]) {
      // One writer is busy with the long batch while the other works off the short ones, half as many events in all.
      const longAnswer = service.post(batch(long))
      await service.until('datastorage_events_pending', long)
      await Promise.all(Array.from({ length: short }, () => service.post(batch(1))))
      await service.untilBelow(rss, idleBytes + (eachMib * (long + 3) + 25) * mib)
      expect(await service.metric(rss)).toBeGreaterThan(idleBytes + eachMib * (long - 3) * mib)
      expect(await service.metric('datastorage_events_pending')).toBe(long)
      await longAnswer
      await service.untilBelow(rss, idleBytes + (eachMib * 3 + 25) * mib)
    }
  },
)

test('beyond the cap a batch is reset for real, while everything else is answered', async () => {
  await using service = await start({ cpuMsPerEvent: 500, holdBytesPerEvent: 0, maxAwaitingAnswer: 2 })
  const accepted = [service.post(batch(1, 'cap')), service.post(batch(1, 'cap'))]
  await service.until('datastorage_requests_awaiting_answer', 2)
  await expect(service.post(batch(1, 'cap'))).rejects.toMatchObject({
    code: 'ECONNRESET',
    errno: -104,
    syscall: 'read',
  })
  expect((await service.get('/health')).status).toBe(200)
  expect((await service.get('/api/v1/audit/events?correlation_id=cap')).status).toBe(200)
  expect(await service.metric('datastorage_requests_reset_total')).toBe(1)
  expect((await Promise.all(accepted)).map((answer) => answer.status)).toEqual([201, 201])
})

test('a client that leaves makes room for another, and its events are stored all the same', async () => {
  await using service = await start({ cpuMsPerEvent: 300, holdBytesPerEvent: mib, maxAwaitingAnswer: 1 })
  const patience = new AbortController()
  const gone = service.post(batch(2, 'gone'), { signal: patience.signal })
  await service.until('datastorage_events_pending', 2)
  patience.abort()
  await expect(gone).rejects.toThrow()
  await service.until('datastorage_requests_awaiting_answer', 0)
  expect(await service.metric('datastorage_requests_in_progress')).toBe(1)
  expect(await service.metric('datastorage_requests_abandoned_total')).toBe(1)
  expect((await service.post(batch(1, 'next'))).status).toBe(201)
  await service.until('datastorage_requests_in_progress', 0)
  const { json } = await service.get('/api/v1/audit/events?correlation_id=gone')
  expect(json.pagination.total).toBe(2)
  expect(await service.metric('datastorage_events_written_total')).toBe(3)
})

test('with its writer busy, further batches wait their turn and are written in the order they came', async () => {
  await using service = await start({ cpuMsPerEvent: 30, holdBytesPerEvent: 0, writerThreads: 1 })
  const order: number[] = []
  const answers: Promise<unknown>[] = []
  for (const n of [0, 1, 2, 3]) {
    answers.push(service.post(batch(5)).then(() => order.push(n)))
    await service.until('datastorage_requests_in_progress', n + 1)
  }
  await Promise.all(answers)
  expect(order).toEqual([0, 1, 2, 3])
})

// Last: it takes the database away.
test('a database that goes away in the middle of a batch fails the batch, not the service', async () => {
  await using service = await start({ cpuMsPerEvent: 300, holdBytesPerEvent: 0 })
  const answer = service.post(batch(2))
  await service.until('datastorage_pool_connections{state="in_use"}', 1)
  await databases.postgres[Symbol.asyncDispose]()
  expect(await answer).toMatchObject({
    status: 500,
    json: { detail: expect.stringContaining('the batch was not stored') },
  })
  expect((await service.get('/health/live')).status).toBe(200)
  expect((await service.get('/health')).status).toBe(503)
})
