import { expect, test } from 'vitest'
import { constantRate } from './arrivals.ts'

test('four a second for a second', () => {
  expect([...constantRate(4, 1_000)].map((arrival) => arrival.intendedMs)).toEqual([0, 250, 500, 750])
})

test('a rate of 0 sends nothing, an endless schedule goes on', () => {
  expect([...constantRate(0, Number.POSITIVE_INFINITY)]).toEqual([])
  const endless = constantRate(2, Number.POSITIVE_INFINITY)
  expect([endless.next(), endless.next(), endless.next()].map((step) => step.value?.intendedMs)).toEqual([
    0, 500, 1_000,
  ])
})
