import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import { type Picture, times } from '../picture.fixture.ts'
import { client, healthy } from '../situations.fixture.ts'
import { poolExhaustion } from './pool-exhaustion.ts'

const exhausted: Picture = {
  poolSize: 5,
  memory: '▁▁▁▁▁▁▁▁▁▁',
  oomKills: '0000000000',
  pending: '9999999000',
  written: '0123456789',
  poolInUse: '0555555320',
  poolWaiting: '0999999000',
  rows: '0123456789',
  active: '0555555320',
  idleInTransaction: '0000000000',
  requests: times(
    8,
    (index) => `${client(index)}0 0..${index < 4 ? 900 * (index + 1) : 5_000} ${index < 4 ? 'ok' : 'timeout'}`,
  ),
}
const judged = (changed: Partial<Picture> = {}) => find(poolExhaustion, evidence({ ...exhausted, ...changed }))

describe('pool exhaustion', () => {
  it('is supported by a full pool, waiters, active holders and clients that gave up', () => {
    expect(judged()).toMatchObject({ answer: 'supported' })
    expect(judged().because).toBe('all 5 connections in use, up to 9 waiting')
  })

  it("is supported by PostgreSQL's sessions where the service does not say", () => {
    const { pending, written, poolInUse, poolWaiting, ...blackBox } = exhausted
    expect(find(poolExhaustion, evidence(blackBox)).answer).toBe('supported')
  })

  it.each<[string, Partial<Picture>, string]>([
    [
      'a pool that never filled',
      { poolInUse: '0222222220', poolWaiting: '0000000000' },
      'at most 2 of 5 connections in use',
    ],
    ['a slow pool without a queue', { poolWaiting: '0000000000' }, '5 of 5 connections in use, but no lasting queue'],
    [
      'a short queue at the burst',
      { poolInUse: '0522222220', poolWaiting: '0900000000' },
      '5 of 5 connections in use, but no lasting queue',
    ],
    [
      'a full pool that harmed nobody',
      { requests: exhausted.requests?.slice(0, 4) },
      'no timeout and no 5xx at that time',
    ],
    [
      'a full pool after which others were harmed',
      { requests: times(8, (index) => `${client(index)}0 7000..9000 timeout`) },
      'no timeout and no 5xx at that time',
    ],
    [
      'holders that idle in a transaction: the service is slow',
      { active: '0000000000', idleInTransaction: '0555555000' },
      'the holders were idle in transaction',
    ],
    ['a deadlock on the pool', { written: '0000000999', rows: '0000000999' }, 'nothing written from +1.0 s to +6.0 s'],
  ])('is refuted by %s', (_, changed, because) => {
    expect(judged(changed)).toMatchObject({ answer: 'refuted', because })
  })

  it('is refuted in a healthy run', () => {
    expect(find(poolExhaustion, healthy())).toMatchObject({ answer: 'refuted' })
  })

  it('stays inconclusive when the service fell silent and nobody asked PostgreSQL', () => {
    const silent = evidence({ ...exhausted, poolInUse: '02', poolWaiting: '00', pending: '99', written: '01' })
    expect(find(poolExhaustion, { ...silent, postgres: [] })).toMatchObject({
      answer: 'inconclusive',
      because: 'no readings of the connections that cover the run',
    })
  })

  it('finds the full pool that did harm before a longer one that did none', () => {
    const finding = judged({
      poolInUse: '0555000555555',
      poolWaiting: '0999000999999',
      active: '0555000555555',
      pending: '9999000999999',
      written: times(13, (second) => second),
      rows: times(13, (second) => second),
      oomKills: '0000000000000',
      memory: '▁▁▁▁▁▁▁▁▁▁▁▁▁',
      requests: times(8, (index) => `${client(index)}0 0..${2_000 + index} 5xx`),
    })
    expect(finding.answer).toBe('supported')
    expect(finding.observations[0]?.sinceMs).toBe(1_000)
  })

  it('invents nothing of holders that were neither active nor idle in a transaction', () => {
    expect(judged({ active: '0000000000' })).toMatchObject({
      answer: 'inconclusive',
      because: 'the holders were mostly neither active nor idle in transaction',
    })
  })

  it('stays inconclusive when nobody saw what the holders did', () => {
    expect(find(poolExhaustion, { ...evidence(exhausted), postgres: [] }).answer).toBe('inconclusive')
  })
})
