import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createRandom } from '../random.ts'
import type { ErrorClass, SampleLine } from '../sample.ts'
import { createDirectClient } from './direct-client.ts'
import { createLive } from './live.ts'
import type { Answer, Request } from './send.ts'

const options = {
  bufferEvents: 1,
  batchEvents: 1_000,
  flushMs: 1_000,
  timeoutMs: 5_000,
  attempts: 3,
  retryPauseMs: 1_000,
  retryJitter: 0,
  onBusy: 'drop' as const,
  sendsIdempotencyKey: false,
}
const answered = (status: number): Answer => ({ outcome: 'ok', status, failure: null })
const failing = (errorClass: ErrorClass): Answer => ({ outcome: 'failed', status: null, failure: { errorClass } })

/** A client whose service takes 3 s and answers as told, the last answer again and again. */
function scene(...answers: [Answer, ...Answer[]]) {
  const lines: SampleLine[] = []
  const requests: Request[] = []
  const live = createLive()
  const client = createDirectClient({
    name: 'rr-1',
    options,
    clock: { now: () => Date.now(), burstAtEpochMs: 0 },
    send: (request, ended) => {
      const answer = answers[Math.min(requests.length, answers.length - 1)] ?? answers[0]
      requests.push(request)
      setTimeout(ended, 3_000, answer)
    },
    sample: (line) => lines.push(line),
    live,
    random: createRandom(1),
  })
  const emitAt = (timeMs: number) => setTimeout(() => client.emit(timeMs, (number) => `{"n":${number}}`), timeMs)
  const attempts = () =>
    lines.flatMap((line) => (line.kind === 'attempt' ? [[line.firstEvent, line.attempt, line.intendedMs]] : []))
  return { client, live, lines, requests, emitAt, attempts }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

test('each event is a request of its own, sent when it is due, however many are open', async () => {
  const { emitAt, requests, lines, live } = scene(answered(201))
  for (const timeMs of [100, 200, 300]) emitAt(timeMs)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(requests).toMatchObject([0, 1, 2].map((n) => ({ path: '/api/v1/audit/events', body: `{"n":${n}}` })))
  expect(live).toMatchObject({ emitted: 3, openAttempts: 3, acknowledged: 0 })
  await vi.advanceTimersByTimeAsync(5_000)
  expect(lines[0]).toMatchObject({
    operation: 'write-event',
    client: 'rr-1',
    events: 1,
    startedMs: 100,
    endedMs: 3_100,
  })
  expect(live).toMatchObject({ openAttempts: 0, acknowledged: 3 })
})

test('a 202 acknowledges, and its status is kept', async () => {
  const { emitAt, lines, live } = scene(answered(202))
  emitAt(100)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(lines).toMatchObject([{ kind: 'attempt', outcome: 'ok', status: 202 }])
  expect(live.acknowledged).toBe(1)
})

test('an event that fails is tried again with the pauses of the client, and does not hold up the next one', async () => {
  const { emitAt, attempts, lines } = scene(failing('5xx'), failing('5xx'), answered(201), failing('timeout'))
  for (const timeMs of [100, 200]) emitAt(timeMs)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(attempts()).toEqual([
    [0, 1, 100],
    [1, 1, 200],
    [0, 2, 4_100],
    [1, 2, 4_200],
    [1, 3, 11_200],
  ])
  const drop = { kind: 'drop', t: 14_200, client: 'rr-1', firstEvent: 1, events: 1, why: 'attempts-exhausted' }
  expect(lines.filter((line) => line.kind === 'drop')).toEqual([drop])
})

test('finished once closed, with the last event answered', async () => {
  const { client, emitAt } = scene(answered(201))
  const ended = vi.fn()
  void client.finished.then(ended)
  emitAt(100)
  await vi.advanceTimersByTimeAsync(200)
  client.close()
  await vi.advanceTimersByTimeAsync(2_899)
  expect(ended).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(ended).toHaveBeenCalled()
})

test('stopped: what had not ended is named as in flight, one by one', async () => {
  const { client, emitAt } = scene(answered(201), answered(201), failing('5xx'))
  for (const timeMs of [100, 1_500, 1_600]) emitAt(timeMs)
  await vi.advanceTimersByTimeAsync(4_000)
  const summary = client.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  await client.finished
  const inFlight = [1, 2].map((firstEvent) => ({ firstEvent, events: 1 }))
  expect(summary).toMatchObject({ kind: 'client', t: 4_000, emitted: 3, unfinished: 2, inFlight })
  expect(vi.getTimerCount()).toBe(0)
})
