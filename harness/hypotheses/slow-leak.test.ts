import { describe, expect, test } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import type { Evidence } from '../evidence.ts'
import { find } from '../judgement/find.ts'
import { times } from '../picture.fixture.ts'
import { createRandom, type Random } from '../random.ts'
import { slowLeak } from './slow-leak.ts'

const MiB = 2 ** 20
const everyMs = 500

/** A service that collects garbage: its memory climbs and falls back, to a floor that drifts with a life of its own. */
function sawtooth(random: Random, own: (seconds: number) => number) {
  let drift = 0
  return (t: number) => {
    drift = 0.98 * drift + (random() - 0.5) * MiB
    const phase = (t / 1_000 / (5 + 3 * random())) % 1
    return 90 * MiB + drift + phase * 25 * MiB + own(t / 1_000)
  }
}

/** Ten minutes of a steady load. */
function soaked(seed: number, own: (seconds: number) => number, picture = {}): Evidence {
  const minutes = 10
  const random = createRandom(seed * 7_919)
  const memoryAt = sawtooth(random, own)
  const steps = (minutes * 60_000) / everyMs
  const record = evidence({
    memory: times(steps, () => 0),
    stepMs: everyMs,
    requests: times(minutes * 60, (second) => `a${second} ${second * 1_000}..${second * 1_000 + 10} ok`),
    endMs: minutes * 60_000,
    ...picture,
  })
  return {
    ...record,
    load: { ...record.load, rrs: minutes * 60, pace: { rrs: 1, everyMs: 1_000 } },
    cgroup: record.cgroup.map((probe) => ({ ...probe, rssBytes: memoryAt(probe.t) })),
  }
}
const answerOf = (record: Evidence) => find(slowLeak, record).answer
const answersTo = (own: (seconds: number) => number) => times(60, (seed) => answerOf(soaked(seed + 1, own)))

describe('a slow leak', () => {
  test.each([
    [0.1, 0.9],
    [0.2, 1],
    [0.5, 1],
    [2, 1],
  ])('of %d MiB/s is found in so many of ten minutes: %d; and it is never refuted', (mibPerSec, least) => {
    const answers = answersTo((seconds) => mibPerSec * MiB * seconds)
    expect(answers.filter((answer) => answer === 'supported').length / answers.length).toBeGreaterThanOrEqual(least)
    expect(answers).not.toContain('refuted')
  })

  test('is found behind a warm-up, too', () => {
    const answers = answersTo((seconds) => 0.2 * MiB * seconds + 30 * MiB * (1 - Math.exp(-seconds / 30)))
    expect(new Set(answers)).toEqual(new Set(['supported']))
  })

  test('is told with its slope, its interval, and when it would be at the limit', () => {
    const { because, observations } = find(
      slowLeak,
      soaked(1, (seconds) => 0.1 * MiB * seconds),
    )
    expect(because).toMatch(
      /^\+6\.\d+ MiB per minute \(99 %: \d\.\d+ to \d\.\d+\), \+3\d.*; at that rate it is at its limit in 5\.\d h/,
    )
    expect(observations.map(({ result }) => result)).toEqual(['seen', 'seen', 'seen'])
  })
})

describe('what looks like one and is none', () => {
  test.each([
    ['a healthy service', () => 0],
    ['a warm-up that comes to its end', (seconds: number) => 40 * MiB * (1 - Math.exp(-seconds / 60))],
    ['a slow warm-up', (seconds: number) => 60 * MiB * (1 - Math.exp(-seconds / 200))],
    ['a very slow warm-up', (seconds: number) => 40 * MiB * (1 - Math.exp(-seconds / 600))],
    ['one large step', (seconds: number) => (seconds > 350 ? 60 * MiB : 0)],
    ['growth that nobody would mind', (seconds: number) => 0.01 * MiB * seconds],
    ['memory that comes and goes', (seconds: number) => 20 * MiB * Math.sin(seconds / 60)],
  ])('%s is never accused', (_, own) => {
    expect(answersTo(own)).not.toContain('supported')
  })

  test('memory that follows a load, or a backlog, that rises', () => {
    const leak = (seconds: number) => 0.1 * MiB * seconds
    const requests = times(900, (index) => {
      const fromMs = Math.round(600_000 * Math.sqrt(index / 900))
      return `a${index} ${fromMs}..${fromMs + 10} ok`
    })
    expect(answerOf(soaked(1, leak, { requests }))).toBe('refuted')
    const pending = times(1_200, (step) => Math.floor(step / 10))
    expect(answerOf(soaked(1, leak, { pending }))).toBe('refuted')
  })
})

describe('without enough to see', () => {
  const leak = (seconds: number) => 0.1 * MiB * seconds

  test('a short load, or one that is not paced, does not exercise it', () => {
    const record = soaked(1, leak)
    expect(answerOf({ ...record, load: { ...record.load, rrs: 100 } })).toBe('not exercised')
    expect(answerOf({ ...record, load: { ...record.load, pace: null } })).toBe('not exercised')
    const ramp = { kind: 'ramp' as const, fromPerSec: 0.5, toPerSec: 1.5, overMs: 600_000 }
    expect(answerOf({ ...record, load: { ...record.load, pace: null, arrivals: ramp } })).toBe('not exercised')
  })

  test('a constant rate exercises it as a pace does', () => {
    const record = soaked(1, leak)
    const arrivals = { kind: 'rate' as const, perSec: 1 }
    expect(answerOf({ ...record, load: { ...record.load, pace: null, arrivals } })).toBe('supported')
  })

  test('missing readings leave it open', () => {
    const record = soaked(1, leak)
    const cgroup = record.cgroup.filter(({ t }) => t < 300_000 || t > 360_000)
    expect(answerOf({ ...record, cgroup })).toBe('inconclusive')
  })
})
