import { describe, expect, it } from 'vitest'
import { find } from '../judgement/find.ts'
import { times } from '../picture.fixture.ts'
import { client, healthy, stormCrash } from '../situations.fixture.ts'
import { retryStorm } from './retry-storm.ts'

describe('retry storm', () => {
  it('is supported when clients send again what the service still works on', () => {
    const finding = find(retryStorm, stormCrash())
    expect(finding.answer).toBe('supported')
    expect(finding.because).toBe('2.1 attempts per event; 122 of 172 requests had no client left')
    expect(finding.observations.map((observation) => observation.result)).toEqual(times(6, () => 'seen'))
  })

  it('is supported by events stored in vain where the service publishes nothing', () => {
    const blackBox = { ...stormCrash(), service: [] }
    const finding = find(retryStorm, blackBox)
    expect(finding.answer).toBe('supported')
    expect(finding.because).toContain('54 of 155 events stored in vain')
    expect(find(retryStorm, { ...blackBox, stored: null }).answer).toBe('inconclusive')
  })

  it('is refuted by a burst in which nobody gave up', () => {
    expect(find(retryStorm, healthy())).toMatchObject({
      answer: 'refuted',
      because: '1.0 attempts per event; no client gave up; no request timed out',
    })
  })

  it('is refuted by resets at the burst that go well the second time', () => {
    const requests = [
      ...times(80, (index) => `${client(index)}0 ${index}..${500 + index} ok`),
      ...times(20, (index) => 80 + index).flatMap((index) => [
        `${client(index)}0 ${index}..${index + 1} reset`,
        `${client(index)}0 ${1_000 + index}..${1_200 + index} ok`,
      ]),
    ]
    const finding = find(retryStorm, healthy({ requests }))
    expect(finding.answer).toBe('refuted')
    expect(finding.because).toContain('1.2 attempts per event')
  })

  it('is refuted when the service drops what nobody waits for', () => {
    const still = times(30, () => 60)
    const finding = find(retryStorm, stormCrash({ inProgress: still, awaiting: still }))
    expect(finding).toMatchObject({ answer: 'refuted', because: 'at most 0 % of requests had no client left' })
  })

  it('is refuted by a service that does nothing at all: a block is no storm', () => {
    const stuck = times(30, (second) => Math.min(second, 3) * 9)
    expect(find(retryStorm, stormCrash({ written: stuck, rows: stuck }))).toMatchObject({
      answer: 'refuted',
      because: 'nothing written after the first timeout at +5.1 s',
    })
    const unread = { ...stormCrash({ written: undefined }), postgres: [] }
    expect(find(retryStorm, unread)).toMatchObject({
      answer: 'inconclusive',
      because: 'no readings of writes after the first timeout',
    })
  })

  it('is refuted by a service that writes next to nothing, now and then: what works in vain is busy', () => {
    const few = times(30, (second) => Math.min(second, 3) * 9 + (second >= 9 ? 1 : 0))
    expect(find(retryStorm, stormCrash({ written: few, rows: few }))).toMatchObject({
      answer: 'refuted',
      because: '1 of 155 events written after the first timeout',
    })
  })

  it('is refuted by stragglers', () => {
    const few = stormCrash({ inProgress: times(30, () => 8), awaiting: times(30, () => 4) })
    expect(find(retryStorm, few)).toMatchObject({
      answer: 'refuted',
      because: '4 requests without a client at most, stragglers',
    })
    const requests = times(10, (index) => [
      `${client(index)}0 ${index}..${5_000 + index} timeout`,
      `${client(index)}0 ${6_000 + index}..${9_000 + index} ok`,
    ]).flat()
    const stored = new Map(times(10, (index) => [client(index), [index < 4 ? 2 : 1]]))
    const blackBox = { ...stormCrash({ requests, stored }), service: [] }
    expect(find(retryStorm, blackBox)).toMatchObject({ answer: 'refuted', because: '4 of 10 events stored in vain' })
  })

  it('is not supported by a single probe that caught clients leaving', () => {
    const awaiting = times(30, (second) => (second === 6 ? 10 : 60))
    expect(find(retryStorm, stormCrash({ inProgress: times(30, () => 60), awaiting })).answer).toBe('refuted')
  })

  it('stays inconclusive when the service fell silent before the first timeout', () => {
    const evidence = stormCrash({
      inProgress: '999',
      awaiting: '999',
      pending: '999',
      written: '123',
      stored: undefined,
    })
    expect(find(retryStorm, evidence).answer).toBe('inconclusive')
  })

  it('is refuted when clients gave up for good: what was sent again had been reset', () => {
    const requests = times(40, (index) => [
      `${client(index)}0 ${index}..${index + 1} reset`,
      `${client(index)}0 ${1_000 + index}..${6_000 + index} timeout`,
    ]).flat()
    expect(find(retryStorm, stormCrash({ requests }))).toMatchObject({
      answer: 'refuted',
      because: 'none of 40 timeouts was followed by another attempt',
    })
  })

  describe('after a standstill of eight seconds', () => {
    const seconds = (rises: (second: number) => boolean) => {
      let written = 0
      return times(40, (second) => (written += rises(second) ? 9 : 0))
    }
    const written = seconds((second) => second < 2 || (second > 10 && second < 21))
    const around = { written, rows: written, cpu: times(40, () => 0.3), throttled: times(40, () => 0) }
    const survives = (requests: string[]) => {
      return stormCrash({ ...around, requests, exit: undefined, oomKills: times(40, () => 0), endMs: 39_000 })
    }
    const caughtOut = times(40, (index) => [
      `${client(index)}0 ${1_900 + index}..${6_900 + index} timeout`,
      `${client(index)}0 ${7_900 + index}..${12_900 + index} timeout`,
    ]).flat()

    it('is refuted when the service catches up: what it works off is no storm', () => {
      const caughtUp = times(40, (index) => `${client(index)}0 ${16_900 + index}..${17_000 + index} ok`)
      const finding = find(retryStorm, survives([...caughtOut, ...caughtUp]))
      expect(finding.answer).toBe('refuted')
      expect(finding.because).toContain('all who gave up had waited over the standstill from +1.0 s to +10.0 s')
    })

    it('is refuted when a few give up once more, but most of what it writes is waited for', () => {
      const fewMore = times(4, (index) => `${client(index)}0 ${16_900 + index}..${21_900 + index} timeout`)
      const mostDo = [`${client(40)}0*60 11500..11600 ok`]
      const finding = find(retryStorm, survives([...caughtOut, ...fewMore, ...mostDo]))
      expect(finding).toMatchObject({
        answer: 'refuted',
        because: expect.stringMatching(/but 60 of \d+ events written/),
      })
    })

    it('is supported when clients go on giving up although it writes', () => {
      const goesOn = times(40, (index) => `${client(index)}0 ${16_900 + index}..${21_900 + index} timeout`)
      expect(find(retryStorm, survives([...caughtOut, ...goesOn])).answer).toBe('supported')
    })
  })

  it('does not count refusals after the death as attempts', () => {
    const requests = times(30, (index) => [
      `${client(index)}0 ${index}..1000 reset`,
      `${client(index)}0 ${2_000 + index}..${2_001 + index} refused`,
      `${client(index)}0 ${6_000 + index}..${6_001 + index} refused`,
    ]).flat()
    const finding = find(retryStorm, healthy({ requests, exit: { t: 1_000, code: 1 } }))
    expect(finding.because).toContain('1.0 attempts per event')
  })
})
