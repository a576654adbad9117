import { expect, test } from 'vitest'
import type { PredictionInput } from '../prediction.ts'
import { predict } from './predict.ts'
import { GiB, input, MiB } from './prediction.fixture.ts'
import { findThresholds } from './thresholds.ts'
import { variations } from './variations.ts'

const thresholds = (asked: PredictionInput) => findThresholds(asked, async (one) => predict(one))
const inputs = (changes: Parameters<typeof input>[0] = {}) => variations(input(changes), 5)

test('the smallest memory is the least with which every variation survives', async () => {
  const { memoryBytes } = await thresholds(input())
  const outcomes = (bytes: number | null) => inputs({ memoryLimitBytes: bytes ?? 0 }).map((one) => predict(one).outcome)
  expect(outcomes(memoryBytes.high)).toEqual(Array(5).fill('survived'))
  expect(outcomes((memoryBytes.high ?? 0) - 1)).toContain('crashed')
  expect(outcomes(memoryBytes.low - 1)).toEqual(Array(5).fill('crashed'))
  expect(memoryBytes.low).toBeGreaterThan(2.5 * GiB)
})

test('the largest number of RRs survives, and one more does not', async () => {
  const { rrs } = await thresholds(input())
  const survivors = (count: number) =>
    inputs({ load: { rrs: count } }).filter((one) => predict(one).outcome !== 'crashed').length
  expect(survivors(rrs.survive?.low ?? 0)).toBe(5)
  expect(survivors((rrs.survive?.high ?? 0) + 1)).toBe(0)
  expect(rrs.lossless?.high).toBeLessThanOrEqual(rrs.survive?.high ?? 0)
})

test('more memory cures nothing: RRs survive without end, and are lost from the same number on', async () => {
  const poor = (await thresholds(input())).rrs
  const rich = (await thresholds(input({ memoryLimitBytes: 8 * GiB }))).rrs
  expect(rich.survive).toBeNull()
  expect(rich.lossless).toEqual(poor.lossless)
})

test('a little more CPU cures, but not one writer, and nobody knows where the service did not use what it had', async () => {
  const { cpus } = await thresholds(input({ figures: { writers: 2 } }))
  expect(cpus?.lossless?.low).toBeGreaterThan(1)
  expect(cpus?.lossless?.high).toBeLessThan(1.5)
  expect((await thresholds(input())).cpus?.lossless).toBeNull() // one writer uses one CPU at most
  expect((await thresholds(input({ figures: { cpuShare: 0.5 } }))).cpus).toBeNull()
})

test('where nothing fits, there is no such number of CPUs, and no RRs', async () => {
  const { cpus, rrs } = await thresholds(input({ memoryLimitBytes: 70 * MiB }))
  expect(cpus?.survive).toBeNull()
  expect(rrs.survive).toEqual({ low: 0, high: 0 })
})

test('a rate that it carries it carries for as long as RRs come: the time that a run is given is no limit of the service', async () => {
  const { rrs } = await thresholds(input({ load: { arrivals: { kind: 'rate', perSec: 2 }, spreadMs: 0 } }))
  expect(rrs).toMatchObject({ survive: null, lossless: null, searchedTo: 1_000 })
})
