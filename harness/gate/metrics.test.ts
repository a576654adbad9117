import { expect, test } from 'vitest'
import { crash } from '../report/verdict.fixture.ts'
import { measure } from './metrics.ts'

const unknown = { ...crash, outcome: 'unknown' as const, headline: 'not known' }

test('a run that the instrument spoilt says nothing; one that the service spoilt is a breakdown of it', () => {
  expect(measure(unknown, null)).toEqual({ unusable: 'not known', crashed: false, values: {} })
  for (const serviceFailure of ['failed in the warm-up', 'not drained in time'] as const) {
    const measured = measure({ ...unknown, serviceFailure }, null)
    expect(measured).toEqual({ unusable: 'not known', brokeDown: true, crashed: false, values: {} })
  }
})

test('a death is a crash, before the burst as after it', () => {
  expect(measure(crash, null)).toMatchObject({ unusable: null, crashed: true })
  const early = measure({ ...unknown, serviceFailure: 'died before the burst' }, null)
  expect(early).toMatchObject({ unusable: null, crashed: true })
})
