import { expect, it } from 'vitest'
import { crash } from '../report/verdict.fixture.ts'
import type { Verdict } from '../verdict.ts'
import { lookAhead } from './outlook.ts'
import { GiB, input } from './prediction.fixture.ts'

const row = (what: string, verdict: Verdict | null, memoryLimitBytes = 2 * GiB) =>
  lookAhead(input({ memoryLimitBytes }), verdict).rows.find((one) => one.what === what)

it('predicts with the seed that was asked for, and says how far others differ', () => {
  const { seeds, crashed, prediction } = lookAhead(input(), null)
  expect([seeds, crashed, prediction.seed]).toEqual([20, 20, 1])
  const death = row('death', null)
  expect(death?.predicted).toBe(prediction.diedMs)
  expect(death?.among?.low).toBeLessThan(prediction.diedMs ?? 0)
  expect(death?.among?.high).toBeGreaterThan(prediction.diedMs ?? 0)
  expect(death).not.toHaveProperty('measured')
})

it('says whether what was measured is among what was predicted', () => {
  expect(row('death', { ...crash, diedMs: 33_000 })).toMatchObject({ measured: 33_000, isAmong: true })
  expect(row('death', { ...crash, diedMs: 12_000 })).toMatchObject({ measured: 12_000, isAmong: false })
  expect(row('death', { ...crash, outcome: 'survived', diedMs: null })).toMatchObject({
    measured: null,
    isAmong: false,
  })
})

it('takes a death that nobody predicts for a miss, and none that nobody predicts for a hit', () => {
  expect(row('death', crash, 4 * GiB)).toMatchObject({ predicted: null, among: null, isAmong: false })
  const survived: Verdict = { ...crash, outcome: 'survived', diedMs: null }
  expect(row('death', survived, 4 * GiB)).toMatchObject({ measured: null, isAmong: true })
})

it('compares nothing with a run whose outcome is not known, or that did not look', () => {
  expect(row('death', { ...crash, outcome: 'unknown' })).not.toHaveProperty('measured')
  const notRead: Verdict = { ...crash, accounting: { ...crash.accounting, stored: null } }
  expect(row('stored', notRead)).not.toHaveProperty('measured')
})
