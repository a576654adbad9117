import { expect, test } from 'vitest'
import type { GateLine, ToldSide } from '../gate-history.ts'
import { createRandom, uniform } from '../random.ts'
import { findDrifts } from './drift.ts'

/** Nights whose p99 is so many times the baseline's, each under its own limit. */
function nights(ratios: readonly number[], baseline = 'v1', share = 0.1): GateLine[] {
  return ratios.map((ratio, index) => ({
    at: new Date(Date.UTC(2026, 0, index + 1)).toISOString(),
    scenario: 'steady',
    baseline,
    candidate: 'the stand-in as it lies here',
    decision: {
      answer: 'pass',
      pairs: 5,
      metrics: [
        {
          limit: { metric: 'p99', text: 'p99 +10 %', share },
          answer: 'pass',
          effect: { ratio, low: ratio - 0.02, high: ratio + 0.02 },
        },
      ],
    },
  }))
}

/** Noise of 1 % around a course. */
function noisy(seed: number, course: readonly number[]): number[] {
  const random = createRandom(seed)
  return course.map((ratio) => ratio * uniform(random, 0.99, 1.01))
}
const steps = (count: number, ratioAt: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => ratioAt(index))

test('a step of 4 %, which no gate of +10 % would see, is found with its night and both levels', () => {
  const [drift, ...others] = findDrifts(
    nights(
      noisy(
        1,
        steps(20, (index) => (index < 12 ? 1 : 1.04)),
      ),
    ),
  )
  expect(others).toEqual([])
  expect(drift).toMatchObject({ metric: 'p99', at: '2026-01-13T00:00:00.000Z', gates: 20 })
  expect(drift?.before).toBeCloseTo(1, 1)
  expect(drift?.after).toBeCloseTo(1.04, 1)
})

test('a creep of 0.3 % a night is found', () => {
  expect(
    findDrifts(
      nights(
        noisy(
          2,
          steps(20, (index) => 1 + 0.003 * index),
        ),
      ),
    ),
  ).toHaveLength(1)
})

test('nights without a change are said to have one in at most 2 of 100 histories, and what got faster in none', () => {
  const seeds = steps(100, (seed) => seed + 1)
  const found = (course: number[]) => seeds.filter((seed) => findDrifts(nights(noisy(seed, course))).length > 0)
  expect(found(steps(20, () => 1)).length).toBeLessThanOrEqual(2)
  expect(found(steps(20, (index) => (index < 10 ? 1 : 0.9)))).toEqual([])
})

test('of events per second, a fall is found, and a rise is not', () => {
  const fall = noisy(
    4,
    steps(20, (index) => (index < 12 ? 1 : 0.96)),
  )
  const [drift] = findDrifts(nights(fall, 'v1', -0.05))
  expect(drift?.before).toBeCloseTo(1, 1)
  expect(drift?.after).toBeCloseTo(0.96, 1)
  expect(findDrifts(nights(fall.toReversed(), 'v1', -0.05))).toEqual([])
})

test('another baseline begins anew, and a few nights are no level', () => {
  const step = noisy(
    3,
    steps(20, (index) => (index < 10 ? 1 : 1.06)),
  )
  expect(findDrifts(nights(step))).toHaveLength(1)
  expect(findDrifts([...nights(step), ...nights([1.06, 1.05], 'v2')])).toEqual([])
  expect(findDrifts(nights(step.slice(7, 13)))).toEqual([])
  expect(findDrifts([])).toEqual([])
})

test('a gate with another baseline among them hides none of the nights before it', () => {
  const step = nights(
    noisy(
      3,
      steps(20, (index) => (index < 10 ? 1 : 1.06)),
    ),
  )
  const [drift] = findDrifts([...step.slice(0, 19), ...nights([1.4], 'by hand'), ...step.slice(19)])
  expect(drift).toMatchObject({ gates: 20, at: '2026-01-11T00:00:00.000Z', from: 'v1' })
})

const side = (kind: ToldSide['kind'], standIn: string | null = null): ToldSide => {
  return { kind, text: kind, commit: null, isChanged: false, standIn }
}
const nightly = { baseline: side('revision'), candidate: side('current') }

test.each<[string, Partial<GateLine>]>([
  ['with settings', { sides: { ...nightly, candidate: side('settings') } }],
  ['with changes', { sides: { ...nightly, candidate: { ...side('current'), isChanged: true } } }],
  ['of an old revision', { sides: { ...nightly, candidate: side('revision') } }],
  ['against a stored baseline', { sides: { ...nightly, baseline: side('stored') } }],
  ['in an engine', { runtime: 'docker' }],
  ['of before lines told so', { sides: undefined, runtime: undefined }],
])('gates %s are no nights among the others, and tell no drift of them', (_, other) => {
  const all = nights(
    noisy(
      3,
      steps(20, (index) => (index < 10 ? 1 : 1.06)),
    ),
  ).map((line): GateLine => ({ ...line, runtime: 'embedded', sides: nightly }))
  const others = nights([1.5, 1.5, 1.5, 1.5, 1.5]).map((line): GateLine => ({ ...line, ...other }))
  expect(findDrifts([...all.slice(0, 15), ...others, ...all.slice(15)])).toMatchObject([
    { gates: 20, at: '2026-01-11T00:00:00.000Z' },
  ])
  expect(findDrifts([...all, ...others.slice(0, 1)])).toEqual([])
})

test('of settings no drift is told, however many gates there are', () => {
  const step = noisy(
    3,
    steps(20, (index) => (index < 10 ? 1 : 1.06)),
  )
  const sides = { ...nightly, candidate: side('settings') }
  expect(findDrifts(nights(step).map((line) => ({ ...line, sides })))).toEqual([])
})

/** Nights of a service whose time has a course, each against what it was when the baseline last moved on. */
function movingOn(seed: number, course: readonly number[], every: number): GateLine[] {
  const random = createRandom(seed)
  const ratios = course.map((now, night) => {
    const before = course[Math.max(0, Math.floor(night / every) * every - 1)] ?? 1
    return (now / before) * uniform(random, 0.99, 1.01)
  })
  return nights(ratios).map((line, night) => {
    const version = Math.max(0, Math.floor(night / every) * every - 1)
    const sides = { baseline: side('revision', `night ${version}`), candidate: side('current', `night ${night}`) }
    return { ...line, baseline: `v${version}`, sides }
  })
}

test('a creep of 0.3 % a night is found though the baseline moves on every five nights', () => {
  const creep = movingOn(
    5,
    steps(60, (night) => 1.003 ** night),
    5,
  )
  // Each of the baselines alone has too few nights.
  for (let first = 0; first < 60; first += 5) expect(findDrifts(creep.slice(first, first + 5))).toEqual([])
  const [drift] = findDrifts(creep)
  expect(drift).toMatchObject({ metric: 'p99', gates: 60, from: 'v0' })
  expect((drift?.after ?? 0) / (drift?.before ?? 1)).toBeGreaterThan(1.05)
})

test('a baseline that was never a candidate has no level: what came before is not told', () => {
  const creep = movingOn(
    5,
    steps(60, (night) => 1.003 ** night),
    5,
  )
  const unknown = creep.map((line): GateLine => ({ ...line, sides: { ...nightly, candidate: side('current') } }))
  expect(findDrifts(unknown)).toEqual([])
})

test('a baseline that moves on makes no change of noise: at most 3 of 100 histories have one', () => {
  const still = steps(40, () => 1)
  const found = steps(100, (seed) => seed + 1).filter((seed) => findDrifts(movingOn(seed, still, 5)).length > 0)
  expect(found.length).toBeLessThanOrEqual(3)
})
