import fc from 'fast-check'
import { mean, sampleVariance } from 'simple-statistics'
import { describe, expect, test } from 'vitest'
import { arrivalsSchema } from './arrivals/index.ts'
import {
  type Arrivals,
  arrivalsOf,
  arrivingMs,
  describeArrivals,
  examples,
  lastArrivalMs,
  parseArrivals,
  rrsWithin,
  startsMs,
  steadyMs,
  withArrivals,
} from './arrivals.ts'
import { manifest } from './report/verdict.fixture.ts'

const { load } = manifest

function parsed(text: string): Arrivals {
  const found = parseArrivals(text)
  if ('problem' in found) throw new Error(found.problem)
  return found.arrivals
}

const starts = (text: string, rrs: number, seed = 1) => startsMs(withArrivals({ ...load, rrs }, parsed(text)), seed)
const rounded = (times: readonly number[]) => times.map((timeMs) => Math.round(timeMs))

describe('the moments', () => {
  test.each<[string, number[]]>([
    ['burst', [0, 0, 0, 0, 0, 0]],
    ['batches:2/1.5s', [0, 0, 1_500, 1_500, 3_000, 3_000]],
    ['rate:4/s', [0, 250, 500, 750, 1_000, 1_250]],
    ['rate:0.5/s', [0, 2_000, 4_000, 6_000, 8_000, 10_000]],
    // 2 t² RRs by t: a RR at each root of n / 2; from 2 s on at 8/s.
    ['ramp:0-8/s:2s', [0, 707, 1_000, 1_225, 1_414, 1_581]],
    ['ramp:2-2/s:1s', [0, 500, 1_000, 1_500, 2_000, 2_500]],
    // The mirror of the one before, less a moment each: 8 t - 2 t².
    ['ramp:8-0/s:2s', [0, 129, 268, 419, 586, 775]],
    ['steps:1-4/s:2s', [0, 1_000, 2_000, 2_250, 2_500, 2_750]],
    ['steps:2-0-1/s:1s', [0, 500, 2_000, 3_000, 4_000, 5_000]],
  ])('%s', (text, expected) => {
    expect(rounded(starts(text, 6))).toEqual(expected)
  })

  test('after a ramp or steps it goes on at the last rate', () => {
    expect(rounded(starts('ramp:0-8/s:2s', 11).slice(8))).toEqual([2_000, 2_125, 2_250])
    expect(rounded(starts('steps:2-4/s:1s', 9).slice(6))).toEqual([2_000, 2_250, 2_500])
  })

  test('a rate that falls to nothing brings no more, however many there are', () => {
    expect(starts('ramp:8-0/s:2s', 100)).toHaveLength(8)
    expect(starts('steps:3-0/s:1s', 100)).toHaveLength(3)
  })
})

const perSec = fc.integer({ min: 1, max: 400 }).map((tenths) => tenths / 10)
const anyArrivals: fc.Arbitrary<Arrivals> = fc.oneof(
  fc.constant<Arrivals>({ kind: 'burst' }),
  fc.record({
    kind: fc.constant('batches' as const),
    rrs: fc.integer({ min: 1, max: 50 }),
    everyMs: fc.integer({ min: 1, max: 5_000 }),
  }),
  fc.record({ kind: fc.constant('rate' as const), perSec }),
  fc.record({ kind: fc.constant('poisson' as const), perSec }),
  fc.record({
    kind: fc.constant('ramp' as const),
    fromPerSec: perSec,
    toPerSec: perSec,
    overMs: fc.integer({ min: 1, max: 60_000 }),
  }),
  fc.record({
    kind: fc.constant('steps' as const),
    perSec: fc.array(perSec, { minLength: 1, maxLength: 5 }),
    eachMs: fc.integer({ min: 1, max: 20_000 }),
  }),
)

describe('any arrivals', () => {
  test('the same seed gives the same moments, as many as there are RRs, never falling; they are valid data', () => {
    fc.assert(
      fc.property(
        anyArrivals,
        fc.integer({ min: 0, max: 2 ** 30 }),
        fc.integer({ min: 1, max: 300 }),
        (arrivals, seed, rrs) => {
          const arriving = withArrivals({ ...load, rrs }, arrivals)
          const times = startsMs(arriving, seed)
          expect(startsMs(arriving, seed)).toEqual(times)
          expect(times).toHaveLength(rrs)
          for (const [index, timeMs] of times.entries()) expect(timeMs).toBeGreaterThanOrEqual(times[index - 1] ?? 0)
          expect(arrivalsOf(arriving)).toEqual(arrivals)
          expect(arrivalsSchema.parse(JSON.parse(JSON.stringify(arrivals)))).toEqual(arrivals)
        },
      ),
    )
  })

  test('more RRs come after those that there are, which stay as they were', () => {
    fc.assert(
      fc.property(anyArrivals, fc.integer({ min: 1, max: 200 }), (arrivals, rrs) => {
        const more = startsMs(withArrivals({ ...load, rrs: 2 * rrs }, arrivals), 7)
        expect(more.slice(0, rrs)).toEqual(startsMs(withArrivals({ ...load, rrs }, arrivals), 7))
      }),
    )
  })

  test('what is said of them as a whole is what their moments show', () => {
    fc.assert(
      fc.property(anyArrivals, fc.integer({ min: 1, max: 200 }), (arrivals, rrs) => {
        fc.pre(arrivals.kind !== 'poisson')
        const arriving = withArrivals({ ...load, rrs }, arrivals)
        const times = startsMs({ ...arriving, rrs: rrs + 1 }, 1)
        expect(lastArrivalMs(arriving)).toBe(times.at(-2))
        expect(arrivingMs(arriving)).toBe(times.at(-1))
      }),
    )
  })

  /** RRs that a rate which goes evenly from one value to another has brought by a time. */
  const expectedBy = (arrivals: Arrivals, timeMs: number): number => {
    const sec = timeMs / 1000
    switch (arrivals.kind) {
      case 'rate':
        return arrivals.perSec * sec
      case 'ramp': {
        const { fromPerSec, toPerSec, overMs } = arrivals
        const within = Math.min(sec, overMs / 1000)
        const atEnd = fromPerSec + ((toPerSec - fromPerSec) * within * 1000) / overMs
        return ((fromPerSec + atEnd) / 2) * within + toPerSec * Math.max(0, sec - overMs / 1000)
      }
      case 'steps':
        return arrivals.perSec.reduce((sum, each, index) => {
          const isLast = index === arrivals.perSec.length - 1
          const inStep = Math.max(0, timeMs - index * arrivals.eachMs)
          return sum + (each * (isLast ? inStep : Math.min(inStep, arrivals.eachMs))) / 1000
        }, 0)
      default:
        throw new Error(arrivals.kind)
    }
  }

  test('counts and rates hold: by any moment as many have come as the rate has brought, to one', () => {
    fc.assert(
      fc.property(anyArrivals, fc.integer({ min: 0, max: 60_000 }), (arrivals, timeMs) => {
        fc.pre(['rate', 'ramp', 'steps'].includes(arrivals.kind))
        const times = startsMs(withArrivals({ ...load, rrs: 3_000 }, arrivals), 1)
        const come = times.filter((startMs) => startMs <= timeMs).length
        const expected = Math.min(3_000, expectedBy(arrivals, timeMs))
        expect(come).toBeGreaterThanOrEqual(Math.floor(expected - 1e-6))
        expect(come).toBeLessThanOrEqual(Math.floor(expected + 1e-6) + 1)
      }),
    )
  })
})

describe('poisson', () => {
  const rate = 50
  const count = 20_000
  const times = starts(`poisson:${rate}/s`, count, 11)
  const gaps = times.map((startMs, index) => startMs - (times[index - 1] ?? 0))

  // Of n exponential gaps the mean has a standard error of 1/√n, the variance one of √(8/n). Five of them are chance once in 1.7 million.
  test('the times between are exponential: their mean, their spread, and how many are short', () => {
    const expectedMs = 1000 / rate
    expect(Math.abs(mean(gaps) / expectedMs - 1)).toBeLessThan(5 / Math.sqrt(count))
    expect(Math.abs(sampleVariance(gaps) / expectedMs ** 2 - 1)).toBeLessThan(5 * Math.sqrt(8 / count))
    const median = expectedMs * Math.LN2
    expect(Math.abs(gaps.filter((gap) => gap < median).length / count - 0.5)).toBeLessThan(2.5 / Math.sqrt(count))
  })

  test('how many come in a second has a mean and a variance of the rate, and no second knows of the one before', () => {
    const seconds = Math.floor((times.at(-1) ?? 0) / 1000)
    const counts = new Array<number>(seconds).fill(0)
    for (const startMs of times) {
      const second = Math.floor(startMs / 1000)
      if (second < seconds) counts[second] = (counts[second] ?? 0) + 1
    }
    expect(seconds).toBeGreaterThan(300)
    expect(Math.abs(mean(counts) - rate)).toBeLessThan(5 * Math.sqrt(rate / seconds))
    // The standard error of a variance: √(2/n) of it, and a hair more for a Poisson count.
    expect(Math.abs(sampleVariance(counts) / rate - 1)).toBeLessThan(5 * Math.sqrt((2 + 1 / rate) / seconds))
    const products = counts.slice(1).map((here, index) => (here - rate) * ((counts[index] ?? 0) - rate))
    expect(Math.abs(mean(products)) / rate).toBeLessThan(5 / Math.sqrt(seconds))
  })

  test('another seed gives other moments; a replay has those of the recorded run, whatever the seed', () => {
    expect(starts('poisson:5/s', 50, 2)).not.toEqual(starts('poisson:5/s', 50, 1))
    const replayed = { ...withArrivals({ ...load, rrs: 50 }, parsed('poisson:5/s')), replays: { run: 'then', seed: 1 } }
    expect(startsMs(replayed, 2)).toEqual(starts('poisson:5/s', 50, 1))
  })
})

describe('on the command line', () => {
  test('every example is taken', () => {
    for (const example of examples) expect(parseArrivals(example)).not.toHaveProperty('problem')
  })

  test.each<[string, number]>([
    ['rate:20/s:30s', 600],
    ['rate:2.5/s:1s', 3],
    ['ramp:5-50/s:30s', 825],
    ['ramp:0-10/s:10s', 50],
    ['ramp:10-0/s:10s', 50],
    ['steps:5-20-50/s:10s', 750],
    ['poisson:20/s:30s', 600],
    ['poisson:1/s:1m', 60],
  ])('%s are %i RRs', (text, rrs) => {
    const found = parseArrivals(text)
    if ('problem' in found) throw new Error(found.problem)
    expect(rrsWithin(found.arrivals, found.forMs ?? 0, 100_000)).toBe(rrs)
  })

  test.each([
    ['', 'takes one of: burst, batches:<n>/<time>'],
    ['rmap:5-50/s:30s', 'takes one of: burst'],
    ['burst:5', 'burst takes nothing'],
    ['batches:0/2s', 'such as 20/2s'],
    ['batches:20/0s', 'such as 20/2s'],
    ['batches:20/2', 'such as 20/2s'],
    ['rate:0/s', 'a rate above 0'],
    ['rate:5-50/s', 'a rate above 0'],
    ['rate:-5/s', 'a rate above 0'],
    ['rate:20', 'a rate above 0'],
    ['rate:20/s:0s', 'a rate above 0'],
    ['rate:1e9/s', 'a rate above 0'],
    ['poisson:0/s', 'a rate above 0'],
    ['ramp:5-50/s', 'and a time such as'],
    ['ramp:5/s:30s', 'takes two rates'],
    ['ramp:5-50-5/s:30s', 'takes two rates'],
    ['ramp:0-0/s:30s', 'not both 0'],
    ['steps:5/s:30s', 'two rates or more'],
    ['steps:0-0/s:30s', 'not all 0'],
    ['steps:5-6/s', 'the time of each'],
    ['steps:5-6/s:soon', 'the time of each'],
  ])('%j: %s', (text, problem) => {
    expect(parseArrivals(text)).toEqual({ problem: expect.stringContaining(problem) })
  })
})

test('a burst and batches stand where the first records have them; other kinds bring each RR at its own moment', () => {
  const ramped = withArrivals(load, parsed('ramp:5-50/s:30s'))
  expect(ramped).toMatchObject({ pace: null, spreadMs: 0, arrivals: { kind: 'ramp' } })
  expect(withArrivals(ramped, parsed('batches:20/2s'))).toEqual({
    ...load,
    spreadMs: 0,
    pace: { rrs: 20, everyMs: 2_000 },
  })
  expect(withArrivals(ramped, { kind: 'burst' })).toEqual({ ...load, spreadMs: 0 })
  // Of a replay, the RRs and their events stay: only when they come is another thing then.
  const replayed = { ...ramped, replays: { run: 'then', seed: 3 } }
  expect(withArrivals(replayed, { kind: 'burst' })).toEqual({ ...load, spreadMs: 0, replays: { run: 'then', seed: 3 } })
})

test('only what has one rate all along is steady', () => {
  const steady = (text: string) => steadyMs(withArrivals({ ...load, rrs: 100 }, parsed(text)))
  expect(examples.map((example) => steady(example) !== null)).toEqual([false, true, true, false, false, true])
  expect(steady('rate:20/s')).toBe(5_000)
  expect(steady('batches:20/2s')).toBe(10_000)
  expect(steady('poisson:20/s')).toBeCloseTo(5_050, 0)
})

test('each kind says what it is', () => {
  expect(examples.map((example) => describeArrivals(withArrivals(load, parsed(example))))).toEqual([
    'at once',
    '20 RRs every 2 s',
    '20 RRs/s',
    '5 to 50 RRs/s over 30 s',
    '5, 20, 50 RRs/s, 10 s each',
    '20 RRs/s on average, at random (Poisson)',
  ])
  expect(describeArrivals({ ...load, replays: { run: 'then', seed: 1 } })).toBe('the RRs of then: at once')
})
