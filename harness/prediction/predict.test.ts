import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { Arrivals } from '../arrivals.ts'
import { emitters } from '../scenario.ts'
import { predict } from './predict.ts'
import { type Changes, GiB, input, life, MiB } from './prediction.fixture.ts'

const each = (changes: Changes, seeds = 20) =>
  Array.from({ length: seeds }, (_, index) => predict(input({ ...changes, seed: index + 1 })))

describe('one client against a service that takes 100 ms of CPU per event', () => {
  const figures = { workMsPerEvent: 100, maxAwaitingAnswer: null }

  it('is answered when its batch is written, and is over then', () => {
    const { outcome, endMs, events, attempts } = predict(input({ figures, lives: [life(400, 0, 100)] }))
    expect({ outcome, endMs, events, attempts }).toEqual({
      outcome: 'survived',
      endMs: 600,
      attempts: 1,
      events: { emitted: 2, acknowledged: 2, dropped: 0, open: 0, stored: 2, storedMoreThanOnce: 0 },
    })
  })

  it('waits for half of the CPU twice as long', () => {
    expect(predict(input({ figures, cpus: 0.5, lives: [life(400, 0)] })).endMs).toBe(600)
    expect(predict(input({ figures: { ...figures, cpuShare: 0.5 }, lives: [life(400, 0)] })).endMs).toBe(600)
  })

  it('gives up after 5 s, sends again after 1 s and 4 s, and drops what is stored three times in the end', () => {
    const slow = { ...figures, workMsPerEvent: 6_000 }
    const told = predict(input({ figures: slow, lives: [life(0, 0)] }))
    expect(told.firstMs).toEqual({ reset: null, timeout: 5_000, refused: null })
    expect(told.errors).toEqual({ reset: 0, timeout: 3, refused: 0 })
    expect(told.events).toMatchObject({ acknowledged: 0, dropped: 1, stored: 1, storedMoreThanOnce: 1 })
    expect([told.attempts, told.retries, told.endMs]).toEqual([3, 2, 21_000])
  })

  it('sends what came while it waited with the first flush after the answer', () => {
    const { endMs, attempts } = predict(input({ figures, lives: [life(0, 0, 50)] }))
    expect([endMs, attempts]).toEqual([1_100, 2])
  })

  it('sends a full batch at once, and drops what finds the buffer full', () => {
    const client = { batchEvents: 2, bufferEvents: 3 }
    const told = predict(input({ figures, client, lives: [life(0, 100, 110, 120, 130, 140, 150)] }))
    expect(told.attempts).toBe(3)
    expect(told.events).toMatchObject({ emitted: 6, acknowledged: 5, dropped: 1, stored: 5 })
  })

  it('resets what comes on top of the cap, and takes it in later', () => {
    const capped = { ...figures, maxAwaitingAnswer: 1 }
    const told = predict(input({ figures: capped, lives: [life(0, 0), life(10, 5)] }))
    expect(told.firstMs.reset).toBe(10)
    expect(told.events).toMatchObject({ acknowledged: 2, dropped: 0 })
    expect(told.endMs).toBe(1_110)
  })

  it('dies when memory is beyond its limit, and refuses from then on', () => {
    const heavy = { ...figures, heldBytesPerEvent: MiB, baselineBytes: MiB }
    const told = predict(input({ figures: heavy, memoryLimitBytes: 2 * MiB, lives: [life(0, 0), life(50, 0)] }))
    expect(told).toMatchObject({ outcome: 'crashed', diedMs: 50, endMs: 5_050, peakMemoryBytes: 2 * MiB })
    expect(told.errors).toEqual({ reset: 2, timeout: 0, refused: 4 })
    expect(told.events).toMatchObject({ acknowledged: 0, dropped: 2, open: 0 })
  })

  it('takes memory event by event where that costs CPU, and dies only when it is there', () => {
    const heavy = { ...figures, takeMsPerEvent: 20, heldBytesPerEvent: MiB, baselineBytes: 0 }
    const lives = [life(0, 0, 0, 0)]
    expect(predict(input({ figures: heavy, memoryLimitBytes: 2 * MiB, lives }))).toMatchObject({ diedMs: 60 })
    expect(predict(input({ figures: heavy, memoryLimitBytes: 3 * MiB, lives })).endMs).toBe(60 + 3 * 80)
  })

  it('shares the CPU evenly between two writers', () => {
    const two = { ...figures, writers: 2 }
    expect(predict(input({ figures: two, lives: [life(0, 0), life(0, 0)] })).endMs).toBe(200)
    expect(predict(input({ figures: two, cpus: 2, lives: [life(0, 0), life(0, 0)] })).endMs).toBe(100)
    expect(predict(input({ figures: two, cpus: 4, lives: [life(0, 0), life(0, 0)] })).endMs).toBe(100)
  })
})

// The table of the project's queueing model of the incident, which is another program in another language.
describe("the queueing model's table", () => {
  test('100 RRs, 2 GiB, 1 CPU die of memory, in a retry storm', () => {
    for (const { diedMs, firstMs, peakPendingEvents, events } of each({})) {
      expect(diedMs).toBeGreaterThan(27_000)
      expect(diedMs).toBeLessThan(38_000)
      expect(firstMs.reset).toBeLessThan(1_200)
      expect(firstMs.timeout).toBeGreaterThan(5_000)
      expect(firstMs.timeout).toBeLessThan(6_000)
      expect(peakPendingEvents).toBe(166)
      expect(events.acknowledged).toBeLessThan(66)
    }
  })

  test('4 GiB survive, and lose most events all the same', () => {
    for (const { outcome, peakMemoryBytes, events } of each({ memoryLimitBytes: 4 * GiB })) {
      expect(outcome).toBe('survived')
      expect(peakMemoryBytes).toBeLessThan(3.3 * GiB)
      expect(events.acknowledged).toBeLessThan(66)
      expect(events.storedMoreThanOnce).toBeGreaterThan(230)
    }
  })

  test.each<[string, Changes]>([
    ['twice the CPU', { cpus: 2, figures: { writers: 2 } }],
    ['20 RRs each 2 s', { load: { pace: { rrs: 20, everyMs: 2_000 } } }],
    ['2 RRs/s', { load: { arrivals: { kind: 'rate', perSec: 2 }, spreadMs: 0 } }],
    ['2 RRs/s on average', { load: { arrivals: { kind: 'poisson', perSec: 2 }, spreadMs: 0 } }],
    ['50 RRs', { load: { rrs: 50 } }],
  ])('%s: every event is acknowledged and stored once', (_, changes) => {
    for (const { outcome, events } of each(changes)) {
      expect(outcome).toBe('survived')
      expect(events.acknowledged).toBe(events.emitted)
      expect(events.storedMoreThanOnce).toBe(0)
    }
  })

  test('8 GiB survive 1000 RRs, of which next to nothing is acknowledged', () => {
    for (const { outcome, events, peakPendingEvents } of each({ load: { rrs: 1_000 }, memoryLimitBytes: 8 * GiB }, 3)) {
      expect(outcome).toBe('survived')
      expect(events).toMatchObject({ emitted: 3_000 })
      expect(events.acknowledged).toBeLessThan(60)
      expect(peakPendingEvents).toBeLessThan(360)
    }
  })
})

describe('whatever is asked', () => {
  const anything = fc.record({
    seed: fc.nat(1_000),
    memoryLimitBytes: fc.integer({ min: 200, max: 4_000 }).map((size) => size * MiB),
    cpus: fc.integer({ min: 1, max: 40 }).map((tenths) => tenths / 10),
    load: fc.record({
      rrs: fc.integer({ min: 1, max: 60 }),
      emitter: fc.constantFrom(...emitters),
      approvalShare: fc.constantFrom(0, 0.5),
      pace: fc.constantFrom(null, { rrs: 7, everyMs: 900 }),
      arrivals: fc.constantFrom<(Arrivals | undefined)[]>(
        undefined,
        { kind: 'ramp', fromPerSec: 1, toPerSec: 40, overMs: 2_000 },
        { kind: 'poisson', perSec: 8 },
      ),
    }),
    client: fc.record({
      batchEvents: fc.constantFrom(1, 3, 1_000),
      bufferEvents: fc.constantFrom(3, 30_000),
      attempts: fc.integer({ min: 1, max: 4 }),
      timeoutMs: fc.integer({ min: 50, max: 6_000 }),
    }),
    figures: fc.record({
      workMsPerEvent: fc.integer({ min: 1, max: 400 }),
      takeMsPerEvent: fc.constantFrom(0, 1, 30),
      maxAwaitingAnswer: fc.constantFrom(null, 1, 20, 80),
      writers: fc.integer({ min: 1, max: 3 }),
    }),
  })

  it('each event is acknowledged, dropped or open', () => {
    fc.assert(
      fc.property(anything, (changes) => {
        const { events, outcome, attempts, retries, errors } = predict(input(changes))
        const { emitted, acknowledged, dropped, open, stored, storedMoreThanOnce } = events
        expect(acknowledged + dropped + open).toBe(emitted)
        expect(Math.min(acknowledged, dropped, open)).toBeGreaterThanOrEqual(0)
        expect(stored).toBeLessThanOrEqual(emitted)
        expect(stored).toBeGreaterThanOrEqual(acknowledged)
        expect(storedMoreThanOnce).toBeLessThanOrEqual(stored)
        expect(retries).toBeLessThanOrEqual(errors.reset + errors.timeout + errors.refused)
        expect(attempts).toBeGreaterThanOrEqual(retries)
        if (outcome === 'survived') expect(open).toBe(0)
      }),
    )
  })

  it('memory and backlog go no further than their peaks, and no further than the limit', () => {
    fc.assert(
      fc.property(anything, (changes) => {
        const told = predict(input(changes))
        expect(told.peakMemoryBytes).toBeLessThanOrEqual(changes.memoryLimitBytes)
        for (const { t, backlog, awaitingAnswer, memoryBytes } of told.series) {
          expect(t).toBeLessThanOrEqual(told.diedMs ?? told.endMs)
          expect(backlog).toBeLessThanOrEqual(told.peakPendingEvents)
          expect(awaitingAnswer).toBeLessThanOrEqual(changes.figures.maxAwaitingAnswer ?? Number.POSITIVE_INFINITY)
          expect(memoryBytes).toBeLessThanOrEqual(told.peakMemoryBytes)
        }
      }),
    )
  })

  it('more memory never dies earlier', () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 0, max: 4_000 }), (changes, more) => {
        const less = predict(input(changes))
        const memoryLimitBytes = changes.memoryLimitBytes + more * MiB
        const rich = predict(input({ ...changes, memoryLimitBytes }))
        expect(rich.diedMs ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(less.diedMs ?? Number.POSITIVE_INFINITY)
      }),
    )
  })

  it('the same seed gives the same prediction', () => {
    fc.assert(
      fc.property(anything, (changes) => {
        expect(predict(input(changes))).toEqual(predict(input(changes)))
      }),
    )
  })

  it('without load there is nothing to see, and with next to none no client gives up', () => {
    expect(predict(input({ lives: [] }))).toMatchObject({ outcome: 'survived', endMs: 0, attempts: 0 })
    fc.assert(
      fc.property(fc.nat(1_000), fc.constantFrom(...emitters), fc.constantFrom(0, 1, 30), (seed, emitter, take) => {
        const told = predict(input({ seed, load: { rrs: 2, emitter }, figures: { takeMsPerEvent: take } }))
        expect(told).toMatchObject({ outcome: 'survived', errors: { reset: 0, timeout: 0, refused: 0 } })
      }),
    )
  })
})
