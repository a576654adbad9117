import { expect, test } from 'vitest'
import type { GateLine } from '../gate-history.ts'
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
