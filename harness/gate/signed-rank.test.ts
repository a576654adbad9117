import { expect, test } from 'vitest'
import { locate, signedRank } from './signed-rank.ts'

test('exact: of 2^n ways to give signs to ranks, those as far out as the one seen', () => {
  expect(signedRank([1, 2, 3, 4, 5], 0)).toEqual({ greater: 1 / 32, less: 1 })
  expect(signedRank([1, 2, -3], 0)).toEqual({ greater: 5 / 8, less: 5 / 8 })
  // Equal distances share their ranks, and a value at the point itself has none.
  expect(signedRank([1, 1, -1, 0], 0)).toEqual({ greater: 4 / 8, less: 7 / 8 })
  expect(signedRank([11, 12, 7], 10)).toEqual(signedRank([1, 2, -3], 0))
  expect(signedRank([], 0)).toEqual({ greater: 1, less: 1 })
})

test('27 values are within what a double counts exactly', () => {
  const values = Array.from({ length: 27 }, (_, index) => index + 1)
  expect(signedRank(values, 0)).toEqual({ greater: 2 ** -27, less: 1 })
})

test('the interval is what the test does not exclude, and one wild value moves it little', () => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8]
  const { middle, low, high } = locate(values, 0.01)
  expect(middle).toBe(4.5)
  expect([low, high]).toEqual([1.5, 7.5])
  expect(signedRank(values, low - 0.01).greater).toBeLessThanOrEqual(0.01)
  expect(signedRank(values, low + 0.01).greater).toBeGreaterThan(0.01)
  expect(locate([...values.slice(0, 7), 800], 0.01).middle).toBeLessThan(6)
  expect(locate([1, 2, 3], 0.01)).toEqual({ middle: 2, low: -Infinity, high: Infinity })
})
