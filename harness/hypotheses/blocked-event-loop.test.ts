import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import { type Picture, times } from '../picture.fixture.ts'
import { client, healthy, stormCrash } from '../situations.fixture.ts'
import { blockedEventLoop } from './blocked-event-loop.ts'

const states = (state: string, mainShare: number, allShare = mainShare) =>
  times(80, (index) => {
    const t = index * 100
    return { kind: 'process-state' as const, t, state, cpuMs: t * allShare, mainThreadCpuMs: t * mainShare }
  })
const blocked: Picture = {
  memory: '▁▁▁▁▁▁▁▁',
  written: [0, 1, null, null, null, null, 7, 8],
  rows: '01111178',
  silent: { fromMs: 1_500, toMs: 5_500 },
  processStates: states('R', 0.98),
  requests: times(8, (index) => `${client(index)}0 1600..${4_000 + index} timeout`),
  timeoutMs: 1_500,
}
const judged = (changed: Partial<Picture> = {}) => find(blockedEventLoop, evidence({ ...blocked, ...changed }))

describe('blocked event loop', () => {
  it('is supported by a silence in which the main thread uses the CPU up', () => {
    expect(judged()).toMatchObject({ answer: 'supported', because: expect.stringContaining('+1.5 s to +5.5 s') })
  })

  it('is supported beside neighbours: then the main thread is always ready to run', () => {
    expect(judged({ processStates: states('R', 0.5) }).answer).toBe('supported')
  })

  it.each<[string, Partial<Picture>]>([
    ['a process that was stopped (SIGSTOP)', { processStates: states('T', 0) }],
    ['a main thread that sleeps: it waits for something', { processStates: states('S', 0.02) }],
    ['other threads that have the CPU', { processStates: states('R', 0.1, 0.95) }],
    ['writes that go on', { rows: '01234567' }],
    ['a silence that harmed nobody', { requests: ['a0 100..120 ok'] }],
    ['signs of life all the time', { silent: undefined }],
  ])('is refuted by %s', (_, changed) => {
    expect(judged(changed).answer).toBe('refuted')
  })

  it('is refuted in a healthy run, and in a storm on a starved CPU', () => {
    expect(find(blockedEventLoop, healthy()).answer).toBe('refuted')
    expect(find(blockedEventLoop, stormCrash()).answer).toBe('refuted')
  })

  it.each([
    ['signs of life', { ...evidence(blocked), heartbeats: [] }],
    ['readings of the process', { ...evidence(blocked), processStates: [] }],
    ['an end', { ...evidence(blocked), end: null }],
  ])('stays inconclusive without %s', (_, incomplete) => {
    expect(find(blockedEventLoop, incomplete).answer).toBe('inconclusive')
  })
})
