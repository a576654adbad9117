import { describe, expect, it } from 'vitest'
import { find } from '../judgement/find.ts'
import { times } from '../picture.fixture.ts'
import { healthy, stormCrash } from '../situations.fixture.ts'
import { cpuTooSmall } from './cpu-too-small.ts'

describe('CPU too small', () => {
  it('is supported by throttling, a backlog beyond patience and writes that go on', () => {
    const finding = find(cpuTooSmall, stormCrash())
    expect(finding.answer).toBe('supported')
    expect(finding.because).toBe('throttled in 97 % of periods; 97 pending at 9.0/s take 10.8 s')
  })

  it('is supported without a word from the service, by PostgreSQL and the clients', () => {
    expect(find(cpuTooSmall, { ...stormCrash(), service: [] }).answer).toBe('supported')
  })

  it('is supported beside a busy neighbour too, where the quota is used up but run into less often', () => {
    const record = stormCrash({ throttled: times(31, () => 0.26), cpu: times(31, () => 0.91) })
    expect(find(cpuTooSmall, record).answer).toBe('supported')
    const unused = stormCrash({ throttled: times(31, () => 0.26), cpu: times(31, () => 0.6) })
    expect(find(cpuTooSmall, unused).answer).toBe('refuted')
  })

  it('is not refuted where busy neighbours may have had the rest of the quota, unless it did not wait for a CPU', () => {
    const crowded = { throttled: times(31, () => 0.25), cpu: times(31, () => 0.88) }
    expect(find(cpuTooSmall, stormCrash(crowded))).toMatchObject({
      answer: 'inconclusive',
      because: 'used 88 % of its CPU quota: other processes may have had the rest',
    })
    expect(find(cpuTooSmall, stormCrash({ ...crowded, cpuWait: times(31, () => 0.01) })).answer).toBe('refuted')
    expect(find(cpuTooSmall, stormCrash({ ...crowded, cpuWait: times(31, () => 0.2) })).answer).toBe('inconclusive')
  })

  it('is refuted by a measured absence of throttling', () => {
    const finding = find(cpuTooSmall, stormCrash({ throttled: times(31, () => 0), cpu: times(31, () => 0.4) }))
    expect(finding).toMatchObject({
      answer: 'refuted',
      because: 'throttled in 0 % of periods; used 40 % of its CPU quota',
    })
  })

  it('is refuted by throttling that harmed nobody', () => {
    const finding = find(cpuTooSmall, healthy({ throttled: times(9, () => 1), cpu: times(9, () => 1) }))
    expect(finding).toMatchObject({ answer: 'refuted', because: 'no request timed out' })
  })

  it('is refuted when the CPU became short only after the first timeout: an effect, not the cause', () => {
    const late = times(31, (second) => (second < 7 ? 0 : 1))
    expect(find(cpuTooSmall, stormCrash({ throttled: late })).answer).toBe('refuted')
  })

  it('is refuted by a blocked event loop that spins at the quota', () => {
    const stuck = times(30, (second) => (second < 2 ? second * 9 : second < 14 ? 18 : (second - 12) * 9 + 18))
    const finding = find(cpuTooSmall, stormCrash({ written: stuck, rows: stuck }))
    expect(finding).toMatchObject({ answer: 'refuted', because: 'nothing written from +2.0 s to +13.0 s' })
  })

  it('counts what waits in sockets too, where the service does not see it, but no answers that were lost', () => {
    const unread = stormCrash({ pending: times(30, () => 4) })
    const finding = find(cpuTooSmall, unread)
    expect(finding.answer).toBe('supported')
    expect(finding.observations[1]?.because).toBe('91 sent and not written at 9.0/s take 10.1 s, 4 of them accepted')
    const written = times(30, (second) => (second === 0 ? 0 : 100 + second * 9))
    expect(find(cpuTooSmall, stormCrash({ pending: times(30, () => 4), written })).answer).toBe('refuted')
  })

  it('stays inconclusive when the backlog was not read while the first requests timed out', () => {
    const late = times(30, (second) => (second === 0 ? 0 : second < 7 ? null : 90))
    const lateToo = times(30, (second) => (second === 0 ? 0 : second < 11 ? null : second * 9))
    const finding = find(cpuTooSmall, stormCrash({ pending: late, written: lateToo }))
    expect(finding.answer).toBe('inconclusive')
    expect(finding.observations[1]?.because).toBe('no readings of the backlog before the first timeout')
  })

  it.each([
    ['nor anyone else', { ...stormCrash(), service: [], postgres: [] }],
    ['and PostgreSQL saw no row come', { ...stormCrash({ rows: times(36, () => 9) }), service: [] }],
  ])('sees no backlog that the service did not tell of %s', (_, evidence) => {
    expect(find(cpuTooSmall, evidence).observations[1]).toMatchObject({
      result: 'not measurable',
      because: 'no readings of the backlog, nor of writes while first attempts timed out',
    })
  })

  it('does not hold it against the CPU that nothing was written when nothing was sent', () => {
    const idle = { ...healthy({ written: '000000000', rows: '000000000' }), attempts: [], clients: [] }
    expect(find(cpuTooSmall, idle).answer).toBe('inconclusive')
  })

  it.each([
    ['CPU readings', { ...stormCrash(), cgroup: [] }],
    ['throttling counters', stormCrash({ throttled: undefined })],
    ['readings of writes', { ...stormCrash({ written: undefined }), postgres: [] }],
    ['attempts', { ...stormCrash(), attempts: [] }],
    ['an end', { ...stormCrash(), exit: null, end: null }],
    ['CPU readings of the overload', { ...stormCrash(), cgroup: stormCrash().cgroup.slice(0, 2) }],
  ])('stays inconclusive without %s', (_, evidence) => {
    expect(find(cpuTooSmall, evidence).answer).toBe('inconclusive')
  })
})
