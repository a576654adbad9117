import { afterAll, beforeAll, expect, test } from 'vitest'
import { anEvent } from '../testing/an-event.ts'
import { startDatabases, startRealService } from '../testing/real-service.ts'

const mib = 1024 * 1024
let databases: Awaited<ReturnType<typeof startDatabases>>

beforeAll(async () => {
  databases = await startDatabases()
})
afterAll(async () => {
  await databases?.[Symbol.asyncDispose]()
})

test('each event costs its CPU time besides, and the memory is there as long as the service is', async () => {
  const options = { cpuMsPerEvent: 20, holdBytes: 200 * mib }
  await using service = await startRealService({
    ...databases.env,
    DATASTORAGE_PROFILE: 'extra-work',
    DATASTORAGE_PROFILE_OPTIONS: JSON.stringify(options),
  })
  expect(await service.metric('process_resident_memory_bytes')).toBeGreaterThan(options.holdBytes)
  const before = await service.metric('process_cpu_seconds_total')
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, index) =>
      service.post(Array.from({ length: 5 }, () => anEvent({ correlation_id: `rr-${index}` }))),
    ),
  )
  expect(answers).toHaveLength(5)
  const usedMs = ((await service.metric('process_cpu_seconds_total')) - before) * 1000
  // 25 x 20 ms, and what HTTP and the inserts take. CPU time, so a busy machine does not matter.
  expect(usedMs).toBeGreaterThan(495)
  expect(usedMs).toBeLessThan(750)
  expect(await service.metric('process_resident_memory_bytes')).toBeGreaterThan(options.holdBytes)
})
