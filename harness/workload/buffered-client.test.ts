import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createRandom } from '../random.ts'
import type { ErrorClass, SampleLine } from '../sample.ts'
import type { ClientOptions } from '../scenario.ts'
import { createBufferedClient } from './buffered-client.ts'
import { createLive } from './live.ts'
import type { Answer } from './send.ts'

const realDefaults: ClientOptions = {
  bufferEvents: 30_000,
  batchEvents: 1_000,
  flushMs: 1_000,
  timeoutMs: 5_000,
  attempts: 3,
  retryPauseMs: 1_000,
  retryJitter: 0,
  onBusy: 'drop',
  sendsIdempotencyKey: false,
}
const ok: Answer = { outcome: 'ok', status: 201, failure: null }
const failing = (errorClass: ErrorClass): Answer => ({ outcome: 'failed', status: null, failure: { errorClass } })

/** A client with flushes at 250, 1250, 2250 ms ... whose service answers as told, the last answer again and again. */
function scene(answers: { afterMs: number; answer: Answer }[], options: Partial<ClientOptions> = {}) {
  const lines: SampleLine[] = []
  const bodies: string[] = []
  const keys: (string | undefined)[] = []
  const live = createLive()
  const client = createBufferedClient({
    name: 'rr-1',
    options: { ...realDefaults, ...options },
    flushPhaseMs: 250,
    clock: { now: () => Date.now(), burstAtEpochMs: 0 },
    send: ({ body = '', idempotencyKey }, ended) => {
      keys.push(idempotencyKey)
      const { afterMs, answer } = answers[Math.min(bodies.length, answers.length - 1)] ?? { afterMs: 0, answer: ok }
      bodies.push(body)
      setTimeout(ended, afterMs, answer)
    },
    sample: (line) => lines.push(line),
    live,
    random: createRandom(1),
  })
  const emitAt = (timeMs: number) => setTimeout(() => client.emit(timeMs, (number) => `{"n":${number}}`), timeMs)
  const attempts = () =>
    lines.flatMap((line) =>
      line.kind === 'attempt'
        ? [{ n: line.attempt, from: line.firstEvent, events: line.events, at: line.intendedMs, end: line.endedMs }]
        : [],
    )
  const drops = () => lines.filter((line) => line.kind === 'drop')
  return { client, live, lines, bodies, keys, emitAt, attempts, drops }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('flushing', () => {
  test('what waited leaves with the next flush, as one batch', async () => {
    const { emitAt, attempts, bodies } = scene([{ afterMs: 10, answer: ok }])
    for (const timeMs of [100, 300, 900]) emitAt(timeMs)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(attempts()).toEqual([
      { n: 1, from: 0, events: 1, at: 250, end: 260 },
      { n: 1, from: 1, events: 2, at: 1_250, end: 1_260 },
    ])
    expect(bodies).toEqual(['[{"n":0}]', '[{"n":1},{"n":2}]'])
  })

  test('at most one batch in flight: the flush after its end takes what came meanwhile', async () => {
    const { emitAt, attempts } = scene([{ afterMs: 2_600, answer: ok }])
    for (const timeMs of [100, 400, 2_700]) emitAt(timeMs)
    await vi.advanceTimersByTimeAsync(6_000)
    expect(attempts()).toEqual([
      { n: 1, from: 0, events: 1, at: 250, end: 2_850 },
      { n: 1, from: 1, events: 2, at: 3_250, end: 5_850 },
    ])
  })

  test('a full batch leaves at once, the next when it is answered, and the rest with the flush', async () => {
    const { emitAt, attempts } = scene([{ afterMs: 30, answer: ok }], { batchEvents: 2 })
    for (let event = 0; event < 5; event++) emitAt(100)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(attempts().map(({ from, events, at }) => [from, events, at])).toEqual([
      [0, 2, 100],
      [2, 2, 130],
      [4, 1, 250],
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('a batch that fills up before its flush takes the flush with it', async () => {
    const { emitAt, attempts } = scene([{ afterMs: 10, answer: ok }], { batchEvents: 2 })
    for (const timeMs of [100, 150, 200]) emitAt(timeMs)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(attempts().map(({ from, events, at }) => [from, events, at])).toEqual([
      [0, 2, 150],
      [2, 1, 250],
    ])
  })

  test('an event that the generator emits late is sent at once, and the delay shows', async () => {
    const { client, lines } = scene([{ afterMs: 0, answer: ok }])
    setTimeout(() => client.emit(240, () => '{}'), 290)
    await vi.advanceTimersByTimeAsync(1_000)
    // A timer of 0 ms takes 1, as in Node.
    expect(lines[0]).toMatchObject({ kind: 'attempt', intendedMs: 250, startedMs: 291 })
  })
})

describe('failing', () => {
  test.each(['timeout', 'reset', 'refused', '5xx'] as const)(
    '%s: three attempts, 1 s and 4 s between, then the events are dropped',
    async (errorClass) => {
      const { emitAt, attempts, drops, live } = scene([{ afterMs: 5_000, answer: failing(errorClass) }])
      emitAt(100)
      await vi.advanceTimersByTimeAsync(60_000)
      expect(attempts().map(({ n, at, end }) => [n, at, end])).toEqual([
        [1, 250, 5_250],
        [2, 6_250, 11_250],
        [3, 15_250, 20_250],
      ])
      const why = 'attempts-exhausted'
      expect(drops()).toEqual([{ kind: 'drop', t: 20_250, client: 'rr-1', firstEvent: 0, events: 1, why }])
      expect(live).toMatchObject({ emitted: 1, acknowledged: 0, dropped: 1, attempts: 3, openAttempts: 0 })
      expect(live.errors[errorClass]).toBe(3)
    },
  )

  test('a retry that succeeds acknowledges the batch; events that came meanwhile follow it', async () => {
    const { emitAt, attempts, drops, live } = scene([
      { afterMs: 5_000, answer: failing('timeout') },
      { afterMs: 100, answer: ok },
    ])
    for (const timeMs of [100, 5_500]) emitAt(timeMs)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(attempts().map(({ n, from, at }) => [n, from, at])).toEqual([
      [1, 0, 250],
      [2, 0, 6_250],
      [1, 1, 7_250],
    ])
    expect(drops()).toEqual([])
    expect(live.acknowledged).toBe(2)
  })

  test('a 4xx is not tried again', async () => {
    const { emitAt, attempts, drops } = scene([{ afterMs: 10, answer: failing('4xx') }])
    emitAt(100)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(attempts()).toHaveLength(1)
    expect(drops()).toMatchObject([{ t: 260, firstEvent: 0, events: 1, why: 'rejected' }])
  })

  test('a full buffer drops the newest event, which gets no number', async () => {
    const { emitAt, attempts, drops, live } = scene([{ afterMs: 10, answer: ok }], { bufferEvents: 2 })
    for (const timeMs of [10, 20, 30, 400]) emitAt(timeMs)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(drops()).toMatchObject([{ t: 30, firstEvent: null, events: 1, why: 'buffer-full' }])
    expect(attempts().map(({ from, events }) => [from, events])).toEqual([
      [0, 2],
      [2, 1],
    ])
    expect(live).toMatchObject({ emitted: 3, dropped: 1 })
  })
})

describe('ending', () => {
  test('finished once closed, with the last batch answered', async () => {
    const { client, emitAt } = scene([{ afterMs: 500, answer: ok }])
    const ended = vi.fn()
    void client.finished.then(ended)
    emitAt(100)
    await vi.advanceTimersByTimeAsync(200)
    client.close()
    await vi.advanceTimersByTimeAsync(549)
    expect(ended).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(ended).toHaveBeenCalled()
  })

  test.each([
    { moment: 'while a batch is in flight', stopMs: 3_000, recorded: 0 },
    { moment: 'in the pause before a retry', stopMs: 5_500, recorded: 1 },
  ])('stopped $moment: what had not ended is no attempt, but named as in flight', async ({ stopMs, recorded }) => {
    const { client, emitAt, attempts } = scene([{ afterMs: 5_000, answer: failing('timeout') }])
    for (const timeMs of [100, 1_000]) emitAt(timeMs)
    await vi.advanceTimersByTimeAsync(stopMs)
    const summary = client.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    await client.finished
    expect(attempts()).toHaveLength(recorded)
    expect(summary).toEqual({
      kind: 'client',
      t: stopMs,
      client: 'rr-1',
      emitted: 2,
      unfinished: 2,
      inFlight: [{ firstEvent: 0, events: 1 }],
      jsonBytes: '{"n":0}{"n":1}'.length,
    })
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a busy service', () => {
  const busy: Answer = {
    outcome: 'failed',
    status: 429,
    retryAfterMs: 3_000,
    failure: { errorClass: '4xx', message: 'status 429' },
  }

  test('is asked again after Retry-After, and that uses up no attempt', async () => {
    const answers = [busy, busy, busy, busy, failing('timeout'), ok].map((answer) => ({ afterMs: 0, answer }))
    const { emitAt, attempts, drops, live } = scene(answers, { onBusy: 'wait', attempts: 2 })
    emitAt(0)
    await vi.advanceTimersByTimeAsync(30_000)
    // Four times "later", then one failure whose pause is the first one's, then it is stored.
    const ends = attempts().map(({ end }) => end)
    const pauses = attempts().map(({ at }, index) => at - (ends[index - 1] ?? at))
    expect(pauses).toEqual([0, 3_000, 3_000, 3_000, 3_000, 1_000])
    expect(drops()).toEqual([])
    expect(live.acknowledged).toBe(1)
  })

  test('costs the events, as any 4xx, where the client was not told to wait', async () => {
    const { emitAt, attempts, drops } = scene([{ afterMs: 0, answer: busy }])
    emitAt(0)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(attempts()).toHaveLength(1)
    expect(drops()).toMatchObject([{ why: 'rejected', events: 1 }])
  })

  test('with jitter, is asked later than it said, never before', async () => {
    const { emitAt, attempts } = scene([{ afterMs: 0, answer: busy }], { onBusy: 'wait', retryJitter: 0.5 })
    emitAt(0)
    await vi.advanceTimersByTimeAsync(60_000)
    const times = attempts().map(({ at }) => at)
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    expect(pauses.length).toBeGreaterThan(10)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(3_000)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(4_501)
    expect(new Set(pauses.map(Math.round)).size).toBeGreaterThan(5)
  })
})

test('jitter spreads the pauses around what they would be', async () => {
  const { emitAt, attempts } = scene([{ afterMs: 0, answer: failing('reset') }], { retryJitter: 1, attempts: 2 })
  for (let n = 0; n < 40; n++) emitAt(n * 5_000)
  await vi.advanceTimersByTimeAsync(300_000)
  const retries = attempts().filter(({ n }) => n === 2)
  const pauses = retries.map(({ at, from }) => {
    return at - (attempts().find((first) => first.n === 1 && first.from === from)?.end ?? 0)
  })
  expect(pauses).toHaveLength(40)
  expect(Math.min(...pauses)).toBeLessThan(400)
  expect(Math.max(...pauses)).toBeGreaterThan(1_600)
  expect(Math.max(...pauses)).toBeLessThanOrEqual(2_001)
})

test('a batch keeps its idempotency key over all attempts, and the next one has another', async () => {
  const answers = [failing('timeout'), failing('timeout'), ok, ok].map((answer) => ({ afterMs: 0, answer }))
  const { emitAt, keys } = scene(answers, { sendsIdempotencyKey: true })
  emitAt(0)
  emitAt(10_000)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(keys).toHaveLength(4)
  expect(new Set(keys.slice(0, 3)).size).toBe(1)
  expect(keys[0]).toMatch(/^"[0-9a-f-]{36}"$/)
  expect(keys[3]).not.toBe(keys[0])
})
