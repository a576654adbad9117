import { expect, test } from 'vitest'
import { lineThrough, meanOf, shareOf } from './estimates.ts'

test('a mean has the 95 % interval of Student’s t', () => {
  // Textbook: t(0.975, 2) = 4.3027, s = 1, n = 3.
  expect(meanOf([9, 10, 11])).toEqual({
    mean: 10,
    n: 3,
    interval: { low: expect.closeTo(10 - 2.4841, 3), high: expect.closeTo(10 + 2.4841, 3) },
  })
  expect(meanOf([5, null])).toEqual({ mean: 5, n: 1, interval: null })
  expect(meanOf([null])).toBeNull()
  expect(meanOf([0, 10])?.interval?.low).toBe(0)
  expect(meanOf([0.5, 1], 1)?.interval?.high).toBe(1)
})

test('a share has the exact 90 % interval, so that three of three prove little', () => {
  expect(shareOf(3, 3)?.interval).toEqual({ low: expect.closeTo(0.05 ** (1 / 3), 6), high: 1 })
  expect(shareOf(0, 3)?.interval).toEqual({ low: 0, high: expect.closeTo(1 - 0.05 ** (1 / 3), 6) })
  // Clopper-Pearson of 5 in 10, 90 %: 0.2224 to 0.7776.
  expect(shareOf(5, 10)?.interval).toEqual({ low: expect.closeTo(0.2224, 3), high: expect.closeTo(0.7776, 3) })
  expect(shareOf(0, 0)).toBeNull()
})

test('a line has the interval of its slope', () => {
  const exact = lineThrough([
    [0, 100],
    [10, 120],
    [20, 140],
  ])
  expect(exact).toMatchObject({ slope: expect.closeTo(2, 9), intercept: expect.closeTo(100, 9), n: 3 })
  const noisy = lineThrough([
    [0, 101],
    [10, 118],
    [20, 142],
    [30, 159],
  ])
  // By hand: slope 1.98, squared residuals 9.8 together, Sxx 500, t(0.95, 2) = 2.920.
  expect(noisy?.slope).toBeCloseTo(1.98, 6)
  expect(noisy?.interval.high).toBeCloseTo(1.98 + 2.92 * Math.sqrt(9.8 / 2 / 500), 3)
  expect(
    lineThrough([
      [1, 1],
      [2, 2],
    ]),
  ).toBeNull()
  expect(
    lineThrough([
      [1, 1],
      [1, 2],
      [1, 3],
    ]),
  ).toBeNull()
})
