import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import { type Picture, times } from '../picture.fixture.ts'
import { client, healthy, stormCrash } from '../situations.fixture.ts'
import { batchBlocked } from './batch-blocked.ts'

const blocked: Picture = {
  memory: '▁▁▁▁▁▁▁▁▁▁',
  oomKills: '0000000000',
  pending: '0888888880',
  written: '0111111119',
  rows: '0111111119',
  deadlocks: '0000000000',
  requests: times(8, (index) => `${client(index)}0 500..5500 timeout`),
}
const judged = (changed: Partial<Picture> = {}) => find(batchBlocked, evidence({ ...blocked, ...changed }))

describe('blocked writes', () => {
  it('is supported by work that is pending while nothing is written', () => {
    expect(judged()).toMatchObject({ answer: 'supported' })
    expect(judged().because).toBe('nothing written from +1.0 s to +8.0 s')
  })

  it('is supported for an event loop that answers no probe, by PostgreSQL and the open requests', () => {
    const finding = judged({ pending: '0       0', written: '0       9' })
    expect(finding.answer).toBe('supported')
    // The first second may be PostgreSQL's lag.
    expect(finding.because).toContain('nothing written from +2.0 s to +5.5 s')
  })

  it.each<[string, Partial<Picture>]>([
    ['that the service does not call written', { rows: '0123456789' }],
    ['without a commit', { pending: '0       0', written: '0       9', rows: '0123456789', commits: '0111111119' }],
  ])('does not take rows for progress %s: they may have been rolled back', (_, changed) => {
    expect(judged(changed)).toMatchObject({ answer: 'supported' })
  })

  it('accuses nobody of a standstill at the memory limit, where a service reads its own program again and again', () => {
    expect(judged({ memory: '▁█████████' })).toMatchObject({ answer: 'inconclusive' })
    expect(judged({ memory: '▁▁▁▁▁▁▁▁▁█' })).toMatchObject({ answer: 'supported' })
  })

  it('finds a block of 2 s for impatient clients', () => {
    const requests = times(8, (index) => `${client(index)}0 1000..2000 timeout`)
    const finding = judged({ timeoutMs: 1_000, stepMs: 500, written: '0111111119', rows: '0111111119', requests })
    expect(finding.answer).toBe('supported')
  })

  it.each<[string, Partial<Picture>, string]>([
    ['writes that go on', { written: '0123456789', rows: '0123456789' }, 'writes went on until +9.0 s'],
    ['a service with nothing to do', { pending: '0000000000' }, 'writes went on until +9.0 s'],
    ['a block that harmed nobody', { requests: ['a0 500..8000 ok'] }, 'no timeout and no 5xx at that time'],
    [
      'writes that only PostgreSQL saw go on',
      { written: '0', pending: '0', rows: '0123456789' },
      'writes went on until +9.0 s',
    ],
  ])('is refuted by %s', (_, changed, because) => {
    expect(judged(changed)).toMatchObject({ answer: 'refuted', because })
  })

  it('is refuted in a storm of retries, and in a healthy run', () => {
    expect(find(batchBlocked, stormCrash())).toMatchObject({ answer: 'refuted' })
    expect(find(batchBlocked, healthy())).toMatchObject({ answer: 'refuted' })
  })

  it('does not mistake the last second before an OOM kill for a block', () => {
    const requests = times(8, (index) => `${client(index)}0 0..${1_500 + index} timeout`)
    const thrashing: Picture = {
      ...blocked,
      stepMs: 500,
      timeoutMs: 1_500,
      memory: times(13, (index) => Math.min(1, index / 10)),
      oomKills: '0000000000001',
      pending: '888888888888',
      written: times(12, (index) => Math.min(index, 7) * 10),
      rows: times(12, (index) => Math.min(index, 7) * 10),
      requests: [...requests, 'y0 3600..5100 timeout', 'z0 0..6000 reset'],
    }
    const killed = evidence({ ...thrashing, exit: { t: 6_000, signal: 'SIGKILL' } })
    expect(find(batchBlocked, killed).answer).not.toBe('supported')
  })

  describe('when nothing at all was committed before the death', () => {
    const first = (events: number) => {
      const record = evidence({
        pending: '888888888',
        written: '000000000',
        rows: '000000000',
        requests: [`a0*${events} 0..5000 timeout`],
      })
      const [load] = record.attempts
      if (!load) throw new Error('one request')
      const warmUp = {
        ...load,
        phase: 'warm-up',
        client: 'warm-up',
        events: 1,
        startedMs: -900,
        endedMs: -800,
      } as const
      const attempts = [{ ...warmUp, outcome: 'ok', status: 201, failure: null } as const, load]
      return find(batchBlocked, { ...record, attempts })
    }

    it('does not call a first batch blocked that is as slow as the warm-up was', () => {
      expect(first(100)).toMatchObject({ answer: 'inconclusive' })
      expect(first(100).because).toContain('a batch of 100 may take that long')
    })

    it('calls a batch blocked that the warm-up would have written long since', () => {
      expect(first(2).answer).toBe('supported')
    })
  })

  it('does not mistake one large batch of a slow service for a block', () => {
    const requests = ['a0*9 0..5000 timeout', 'b0*9 0..5000 timeout']
    const finding = judged({ written: '0000999999', rows: '0000999999', requests })
    expect(finding).toMatchObject({ answer: 'inconclusive' })
    expect(finding.because).toContain('a batch of 9 may take that long')
  })

  it.each([
    ['any reading of writes', { ...evidence({ ...blocked, written: undefined }), postgres: [] }],
    ['attempts', { ...evidence(blocked), attempts: [] }],
    [
      'readings up to the end',
      evidence({ ...blocked, written: '012', rows: '012', pending: '888', exit: { t: 9_000, code: 1 } }),
    ],
    ['an end', { ...evidence(blocked), end: null }],
  ])('stays inconclusive without %s', (_, incomplete) => {
    expect(find(batchBlocked, incomplete).answer).toBe('inconclusive')
  })

  it('stays inconclusive when PostgreSQL was gone while nothing was written', () => {
    const gone = {
      kind: 'probe-failed' as const,
      t: 4_000,
      ref: 'x',
      probe: 'postgres' as const,
      message: 'ECONNREFUSED',
    }
    expect(find(batchBlocked, { ...evidence(blocked), probeFailures: [gone] }).answer).toBe('inconclusive')
  })
})
