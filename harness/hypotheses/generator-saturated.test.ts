import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import { times } from '../picture.fixture.ts'
import { client } from '../situations.fixture.ts'
import { generatorSaturated } from './generator-saturated.ts'

const sent = (delayMs: number, count = 50) => times(count, (index) => `${client(index)}0 1000..1050+${delayMs} ok`)
const judged = (requests: string[], timeoutMs = 5_000) => find(generatorSaturated, evidence({ requests, timeoutMs }))

describe('generator saturated', () => {
  it('is supported by sends later than 2 % of the timeout', () => {
    expect(judged(sent(101))).toMatchObject({ answer: 'supported', because: 'send delay p99 101 ms of 100 ms allowed' })
  })

  it('allows 50 ms whatever the timeout: a shared machine stalls that long', () => {
    expect(judged(sent(50), 1_000).answer).toBe('refuted')
    expect(judged(sent(51), 1_000).answer).toBe('supported')
  })

  it('is refuted by sends in time', () => {
    expect(judged(sent(100)).answer).toBe('refuted')
  })

  it('does not blame the generator for delays after the first error', () => {
    const late = times(50, (index) => `${client(index)}1 5000..5100+500 ok`)
    expect(judged([...sent(0), 'x0 1000..1500 reset', ...late]).answer).toBe('refuted')
  })

  // 20 sends a second for ten minutes, and then so many more in two seconds that it cannot keep up.
  it('is supported by a load that rises beyond it at the very end, however long it was in time before', () => {
    const early = times(12_000, (index) => `${client(index)}0 ${50 * index}..${50 * index + 10} ok`)
    const late = (count: number) => times(count, (index) => `${client(index)}1 600000..600010+${4 * index} ok`)
    expect(judged([...early, ...late(100)])).toMatchObject({
      answer: 'supported',
      because: expect.stringMatching(/^send delay p99 of the last 1000 sends 3\d\d ms of 100 ms allowed$/),
    })
    expect(judged([...early, ...late(10)]).answer).toBe('refuted')
    expect(judged([...late(100).map((line) => line.replaceAll('6000', '0000')), ...early]).answer).toBe('refuted')
  })

  it('is supported by sends that failed for want of descriptors or ports before any other error, and by none after it', () => {
    const without = (code: string, ...requests: string[]) => {
      const record = evidence({ requests: [...sent(0), ...requests] })
      const attempts = record.attempts.map((attempt) =>
        attempt.failure?.errorClass === 'local' ? { ...attempt, failure: { ...attempt.failure, code } } : attempt,
      )
      return find(generatorSaturated, { ...record, attempts })
    }
    expect(without('EMFILE', 'x0 2000..2001 local', 'x1 2000..2001 local', 'y0 2100..3000 timeout')).toMatchObject({
      answer: 'supported',
      because: '2 sends failed for want of file descriptors before any other error',
    })
    expect(without('EMFILE', 'y0 1500..1900 reset', 'x0 2000..2001 local').answer).toBe('refuted')
    expect(without('EINVAL', 'x0 2000..2001 local').answer).toBe('refuted')
  })

  it('stays inconclusive with fewer than 20 sends', () => {
    expect(judged(sent(500, 19))).toMatchObject({
      answer: 'inconclusive',
      because: 'only 19 sends',
    })
  })

  const loop = (...cpuPercents: number[]) => {
    const record = evidence({ requests: times(30, (index) => `${client(index)}0 0..${4_000 + index} ok`) })
    const sent = record.attempts.map((attempt) => ({ ...attempt, startedMs: 3_900, intendedMs: 3_900 }))
    const generator = cpuPercents.map((cpuPercent, index) => {
      const calm = { eventLoopDelayP99Ms: 1, eventLoopDelayMaxMs: 1, rssBytes: 1 }
      return { kind: 'generator' as const, t: (index + 1) * 1_000, ref: `g${index}`, cpuPercent, ...calm }
    })
    return find(generatorSaturated, {
      ...record,
      load: { ...record.load, emitter: 'closed-loop' },
      attempts: sent,
      generator,
    })
  }
  it.each<[string, ReturnType<typeof loop>, string]>([
    ['is supported by a CPU used up', loop(95, 99, 40), 'supported'],
    ['is refuted by room left', loop(40, 95, 50), 'refuted'],
    ['stays open where it was not read', loop(), 'inconclusive'],
    ['does not look beyond the load', loop(50, 50, 50, 99, 99, 99, 99), 'refuted'],
  ])('in a closed loop, where nothing is late, goes by its CPU time: %s', (_, finding, answer) => {
    expect(finding.answer).toBe(answer)
  })

  const few = (p99Ms: number, maxMs: number, t = [800, 1_800]) => {
    const requests = ['a0 0..1500 timeout', 'b0 100..1600 timeout']
    const generator = t.map((at) => {
      return {
        kind: 'generator' as const,
        t: at,
        ref: `g${at}`,
        eventLoopDelayP99Ms: p99Ms,
        eventLoopDelayMaxMs: maxMs,
        cpuPercent: 5,
        rssBytes: 1,
      }
    })
    return find(generatorSaturated, { ...evidence({ requests }), generator })
  }
  it.each<[string, ReturnType<typeof few>, string, string]>([
    ['is supported', few(120, 150), 'supported', 'event loop delay p99 120 ms of 100 ms allowed'],
    ['is refuted', few(20, 90), 'refuted', 'event loop delay at most 90 ms of 100 ms allowed'],
    ['stays open for a single stall', few(20, 300), 'inconclusive', 'only 2 sends before the first error'],
    ['stays open for a stall that may be later', few(500, 500, [1_800]), 'inconclusive', 'only 2 sends'],
    ['stays open where it was not read', few(20, 90, []), 'inconclusive', 'only 2 sends before the first error'],
  ])('with too few sends goes by its event loop: %s', (_, finding, answer, because) => {
    expect(finding.answer).toBe(answer)
    expect(finding.because).toContain(because)
  })
})
