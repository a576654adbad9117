import { expect, test } from 'vitest'
import { predict } from './predict.ts'
import { GiB, input, MiB } from './prediction.fixture.ts'
import { findThresholds } from './thresholds.ts'
import { variations } from './variations.ts'

const inputs = (changes: Parameters<typeof input>[0] = {}) => variations(input(changes), 5)

test('the smallest memory is the least with which every variation survives', () => {
  const { memoryBytes } = findThresholds(input())
  const outcomes = (bytes: number) => inputs({ memoryLimitBytes: bytes }).map((one) => predict(one).outcome)
  expect(outcomes(memoryBytes.high)).toEqual(Array(5).fill('survived'))
  expect(outcomes(memoryBytes.high - 1)).toContain('crashed')
  expect(outcomes(memoryBytes.low - 1)).toEqual(Array(5).fill('crashed'))
  expect(memoryBytes.low).toBeGreaterThan(2.5 * GiB)
})

test('the largest number of RRs survives, and one more does not', () => {
  const { rrs } = findThresholds(input())
  const survivors = (count: number) =>
    inputs({ load: { rrs: count } }).filter((one) => predict(one).outcome !== 'crashed').length
  expect(survivors(rrs.survive?.low ?? 0)).toBe(5)
  expect(survivors((rrs.survive?.high ?? 0) + 1)).toBe(0)
  expect(rrs.lossless?.high).toBeLessThanOrEqual(rrs.survive?.high ?? 0)
})

test('more memory cures nothing: RRs survive without end, and are lost from the same number on', () => {
  const poor = findThresholds(input()).rrs
  const rich = findThresholds(input({ memoryLimitBytes: 8 * GiB })).rrs
  expect(rich.survive).toBeNull()
  expect(rich.lossless).toEqual(poor.lossless)
})

test('a little more CPU cures, but not one writer, and nobody knows where the service did not use what it had', () => {
  const { cpus } = findThresholds(input({ figures: { writers: 2 } }))
  expect(cpus?.lossless?.low).toBeGreaterThan(1)
  expect(cpus?.lossless?.high).toBeLessThan(1.5)
  expect(findThresholds(input()).cpus?.lossless).toBeNull() // one writer uses one CPU at most
  expect(findThresholds(input({ figures: { cpuShare: 0.5 } })).cpus).toBeNull()
})

test('where nothing fits, there is no such number of CPUs, and no RRs', () => {
  const { cpus, rrs } = findThresholds(input({ memoryLimitBytes: 70 * MiB }))
  expect(cpus?.survive).toBeNull()
  expect(rrs.survive).toEqual({ low: 0, high: 0 })
})
