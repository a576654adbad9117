import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import { type Picture, times } from '../picture.fixture.ts'
import { client, healthy, stormCrash } from '../situations.fixture.ts'
import { databaseDown } from './database-down.ts'

const refused = (t: number, code: string | null = 'ECONNREFUSED') =>
  ({ kind: 'probe-failed', t, probe: 'postgres', message: 'x', ...(code && { code }) }) as const
const ended = { kind: 'postgres-log', t: 2_000, pid: 7, sqlState: '57P01', severity: 'FATAL', message: 'x' } as const
const down: Picture = {
  memory: '▁▁▁▁▁▁▁▁▁▁',
  written: '0112222789',
  rows: [0, 1, 2, null, null, null, 2, 7, 8, 9],
  probeFailures: [refused(3_000), refused(4_000)],
  postgresLog: [ended],
  requests: ['a0 0..20 ok', ...times(8, (index) => `${client(index)}0 ${2_100 + index}..${2_200 + index} 5xx`)],
}
const judged = (changed: Partial<Picture> = {}) => find(databaseDown, evidence({ ...down, ...changed }))

describe('database down', () => {
  it('is supported by sessions that were ended and connections that are refused, as requests fail', () => {
    expect(judged()).toMatchObject({ answer: 'supported', because: expect.stringContaining('57P01, refused') })
  })

  it('is supported by what the harness itself was refused, without a log of the server', () => {
    const requests = ['a0 3050..3100 5xx']
    expect(judged({ postgresLog: [], requests }).answer).toBe('supported')
  })

  it.each<[string, Partial<Picture>]>([
    ['requests that failed before it was gone', { requests: ['a0 100..900 5xx'] }],
    ['an outage that nobody noticed', { requests: ['a0 100..900 ok'] }],
    ['a database that answers all the time', { rows: '0123456789', probeFailures: [], postgresLog: [] }],
    [
      'statements that were cancelled: a slow database is not gone',
      { rows: '0123456789', probeFailures: [], postgresLog: [{ ...ended, sqlState: '57014' }] },
    ],
  ])('is refuted by %s', (_, changed) => {
    expect(judged(changed).answer).toBe('refuted')
  })

  it('is refuted in a healthy run, and in a storm', () => {
    expect(find(databaseDown, healthy()).answer).toBe('refuted')
    expect(find(databaseDown, stormCrash()).answer).toBe('refuted')
  })

  it('does not take a reading that was too slow for an outage', () => {
    const slow = judged({ postgresLog: [], probeFailures: [refused(3_000, null), refused(4_000, null)] })
    expect(slow.answer).toBe('inconclusive')
  })

  it.each([
    ['readings of PostgreSQL', { ...evidence({ ...down, probeFailures: [], postgresLog: [] }), postgres: [] }],
    ['an end', { ...evidence(down), end: null }],
  ])('stays inconclusive without %s', (_, incomplete) => {
    expect(find(databaseDown, incomplete).answer).toBe('inconclusive')
  })
})
