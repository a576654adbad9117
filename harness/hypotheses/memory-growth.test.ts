import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import { type Picture, times } from '../picture.fixture.ts'
import { healthy, stormCrash } from '../situations.fixture.ts'
import { memoryGrowth } from './memory-growth.ts'

const leaking: Picture = {
  memory: '▁▂▃▄▅▆▇█',
  oomKills: '00000001',
  pending: '00000000',
  requests: times(30, (index) => `a${index} ${index * 200 + 50}..${index * 200 + 60} ok`),
  exit: { t: 7_000, signal: 'SIGKILL' },
}
const judged = (changed: Partial<Picture> = {}) => find(memoryGrowth, evidence({ ...leaking, ...changed }))

describe('memory growth', () => {
  it('is supported by memory that is held at the limit without any pending work', () => {
    expect(judged()).toMatchObject({ answer: 'supported', because: expect.stringContaining('2 GiB of 2 GiB') })
    expect(judged().observations[1]?.because).toContain('without any pending work')
  })

  it('is refuted by memory that stays below the limit, and in a healthy run', () => {
    expect(judged({ memory: '▁▂▃▃▃▃▃▃' }).answer).toBe('refuted')
    expect(find(memoryGrowth, healthy()).answer).toBe('refuted')
  })

  it("is refuted by page cache at the limit: it is nobody's own memory", () => {
    const record = evidence(leaking)
    const cgroup = record.cgroup.map((probe) => ({ ...probe, rssBytes: 60 * 2 ** 20 }))
    expect(find(memoryGrowth, { ...record, cgroup }).answer).toBe('refuted')
  })

  it('is refuted by memory that follows the backlog', () => {
    expect(find(memoryGrowth, stormCrash()).answer).toBe('refuted')
  })

  it('stays inconclusive where work was pending all the time', () => {
    expect(judged({ requests: ['a0 0..7000 reset'] })).toMatchObject({ answer: 'inconclusive' })
  })

  it('does not take what a service that says nothing may still work on for idleness', () => {
    const requests = ['a0 0..900 timeout', 'b0 6000..6100 ok']
    expect(judged({ pending: undefined, requests }).answer).toBe('inconclusive')
    expect(judged({ pending: undefined }).answer).toBe('supported')
  })

  it.each([
    ['readings of memory', { ...evidence(leaking), cgroup: [] }],
    ['an end', { ...evidence({ ...leaking, exit: undefined }), end: null }],
  ])('stays inconclusive without %s', (_, incomplete) => {
    expect(find(memoryGrowth, incomplete).answer).toBe('inconclusive')
  })
})
