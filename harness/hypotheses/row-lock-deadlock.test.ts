import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import { type Picture, times } from '../picture.fixture.ts'
import { client, healthy, stormCrash } from '../situations.fixture.ts'
import { rowLockDeadlock } from './row-lock-deadlock.ts'

const failing = (endedMs: number) => times(8, (index) => `${client(index)}0 500..${endedMs + index} 5xx`)
const deadlocked: Picture = {
  memory: '▁▁▁▁▁▁▁▁▁▁',
  written: '0123456789',
  rows: '0123456789',
  lockWaits: '0220000000',
  deadlocks: '0012222222',
  requests: failing(1_500),
}
const judged = (changed: Partial<Picture> = {}) => find(rowLockDeadlock, evidence({ ...deadlocked, ...changed }))
const line = { kind: 'postgres-log' as const, t: 1_400, pid: 7, severity: 'ERROR', message: 'deadlock detected' }

describe('row-lock deadlock', () => {
  it('is supported by a counter that rises as requests fail', () => {
    expect(judged()).toMatchObject({ answer: 'supported', because: expect.stringContaining('2 deadlocks') })
  })

  it("is supported by PostgreSQL's own log, which says when", () => {
    const finding = judged({ deadlocks: '0000000000', postgresLog: [{ ...line, sqlState: '40P01' }] })
    expect(finding.answer).toBe('supported')
    expect(finding.observations[0]?.sinceMs).toBe(1_400)
  })

  it('is refuted by a flat counter: lock waits alone, as of any hot row, are no deadlock', () => {
    expect(judged({ deadlocks: '0000000000' })).toMatchObject({
      answer: 'refuted',
      because: expect.stringContaining('0 deadlocks'),
    })
    const timedOut = { ...line, sqlState: '57014', message: 'canceling statement due to statement timeout' }
    expect(judged({ deadlocks: '0000000000', postgresLog: [timedOut] }).answer).toBe('refuted')
    expect(find(rowLockDeadlock, healthy()).answer).toBe('refuted')
    expect(find(rowLockDeadlock, stormCrash({ deadlocks: times(36, () => 0) })).answer).toBe('refuted')
  })

  it('is refuted by deadlocks that failed nobody, or came long after the requests had failed', () => {
    expect(judged({ requests: ['a0 500..900 ok'] }).answer).toBe('refuted')
    expect(judged({ deadlocks: '0000000022' }).answer).toBe('refuted')
  })

  it('counts on through a restart of the database, and says nothing of what it lost', () => {
    const restarted = judged({ deadlocks: '5550000222', requests: failing(7_000) })
    expect(restarted).toMatchObject({ answer: 'supported', because: expect.stringContaining('2 deadlocks') })
    expect(restarted.observations[0]?.sinceMs).toBe(7_000)
    expect(judged({ deadlocks: '5550000000', requests: failing(7_000) }).answer).toBe('inconclusive')
  })

  it.each([
    ['readings of PostgreSQL', { ...evidence(deadlocked), postgres: [] }],
    ['attempts', { ...evidence({ ...deadlocked }), attempts: [] }],
    ['an end', { ...evidence(deadlocked), end: null }],
  ])('stays inconclusive without %s', (_, incomplete) => {
    expect(find(rowLockDeadlock, incomplete).answer).toBe('inconclusive')
  })
})
