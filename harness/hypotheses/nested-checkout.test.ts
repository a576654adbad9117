import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import { type Picture, times } from '../picture.fixture.ts'
import { client, healthy, stormCrash } from '../situations.fixture.ts'
import { nestedCheckout } from './nested-checkout.ts'

const deadlocked: Picture = {
  poolSize: 5,
  memory: '▁▁▁▁▁▁▁▁▁▁',
  cpu: times(10, () => 0.1),
  pending: '9999999000',
  written: '0111111999',
  rows: '0111111999',
  poolInUse: '0555555320',
  poolWaiting: '0999999000',
  active: '0000000000',
  idleInTransaction: '0555555320',
  requests: times(8, (index) => `${client(index)}0 500..5000 timeout`),
}
const judged = (changed: Partial<Picture> = {}) => find(nestedCheckout, evidence({ ...deadlocked, ...changed }))

describe('pool deadlock', () => {
  it('is supported by a full pool whose holders all idle in a transaction while nothing is written', () => {
    expect(judged()).toMatchObject({ answer: 'supported', because: expect.stringContaining('all 5 connections') })
  })

  it('began with its first standstill, also where a longer one followed', () => {
    const twice = { poolInUse: '0555555555', poolWaiting: '0999999999', idleInTransaction: '0555555555' }
    const { observations } = judged({ ...twice, pending: '9999999999', written: '0111222222', rows: '0111222222' })
    expect(observations.map(({ sinceMs }) => sinceMs)).toContainEqual(1_000)
  })

  it.each<[string, Partial<Picture>]>([
    ['writes that go on: the pool is too small', { written: '0123456789', rows: '0123456789' }],
    ['holders that are active: the database is slow', { active: '0555555320', idleInTransaction: '0000000000' }],
    ['some who are active', { active: '0333333320', idleInTransaction: '0222222000' }],
    ['a service that is busy while it holds them', { cpu: times(10, () => 0.95) }],
    ['a pool that never fills', { poolInUse: '0222222220', poolWaiting: '0000000000' }],
    ['a standstill that harmed nobody', { requests: ['a0 100..120 ok'] }],
  ])('is refuted by %s', (_, changed) => {
    expect(judged(changed).answer).toBe('refuted')
  })

  it('is refuted in a healthy run, and in a storm', () => {
    expect(find(nestedCheckout, healthy()).answer).toBe('refuted')
    expect(find(nestedCheckout, stormCrash()).answer).toBe('refuted')
  })

  it.each([
    ['readings of the connections', { ...evidence(deadlocked), service: [], postgres: [] }],
    ['readings of CPU time', { ...evidence(deadlocked), cgroup: [] }],
    ['an end', { ...evidence(deadlocked), end: null }],
  ])('stays inconclusive without %s', (_, incomplete) => {
    expect(find(nestedCheckout, incomplete).answer).toBe('inconclusive')
  })
})
