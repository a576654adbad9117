import { expect, it } from 'vitest'
import type { PredictionInput } from '../prediction.ts'
import { crash } from '../report/verdict.fixture.ts'
import type { Verdict } from '../verdict.ts'
import { lookAhead } from './outlook.ts'
import { predict } from './predict.ts'
import { GiB, input } from './prediction.fixture.ts'

const ask = (asked: PredictionInput, verdict: Verdict | null) => lookAhead(asked, verdict, async (one) => predict(one))
const row = (what: string, verdict: Verdict | null, memoryLimitBytes = 2 * GiB) =>
  ask(input({ memoryLimitBytes }), verdict).then(({ rows }) => rows.find((one) => one.what === what))

it('predicts with the seed that was asked for, and says how far others differ', async () => {
  const { seeds, crashed, prediction } = await ask(input(), null)
  expect([seeds, crashed, prediction.seed]).toEqual([20, 20, 1])
  const death = await row('death', null)
  expect(death?.predicted).toBe(prediction.diedMs)
  expect(death?.among?.low).toBeLessThan(prediction.diedMs ?? 0)
  expect(death?.among?.high).toBeGreaterThan(prediction.diedMs ?? 0)
  expect(death).not.toHaveProperty('measured')
})

it('says whether what was measured is among what was predicted', async () => {
  expect(await row('death', { ...crash, diedMs: 33_000 })).toMatchObject({ measured: 33_000, isAmong: true })
  expect(await row('death', { ...crash, diedMs: 12_000 })).toMatchObject({ measured: 12_000, isAmong: false })
  expect(await row('death', { ...crash, outcome: 'survived', diedMs: null })).toMatchObject({
    measured: null,
    isAmong: false,
  })
})

it('takes a death that nobody predicts for a miss, and none that nobody predicts for a hit', async () => {
  expect(await row('death', crash, 4 * GiB)).toMatchObject({ predicted: null, among: null, isAmong: false })
  const survived: Verdict = { ...crash, outcome: 'survived', diedMs: null }
  expect(await row('death', survived, 4 * GiB)).toMatchObject({ measured: null, isAmong: true })
})

it('compares nothing with a run whose outcome is not known, or that did not look', async () => {
  expect(await row('death', { ...crash, outcome: 'unknown' })).not.toHaveProperty('measured')
  const notRead: Verdict = { ...crash, accounting: { ...crash.accounting, stored: null } }
  expect(await row('stored', notRead)).not.toHaveProperty('measured')
})

it('looks at fewer seeds of a load that takes long to compute', async () => {
  expect((await ask(input({ load: { rrs: 2_000 }, memoryLimitBytes: GiB }), null)).seeds).toBe(5)
})
