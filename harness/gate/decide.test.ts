import { expect, test } from 'vitest'
import type { Measured, Pair } from '../gate-result.ts'
import { decide, holm, takeLooks } from './decide.ts'
import { parseLimits } from './limits.ts'
import { notRun } from './metrics.ts'
import { parseThresholds } from './thresholds.ts'

const limits = parseLimits(['p50 +5 %', 'p95 +5 %', 'p99 +10 %', 'peak memory +5 %', 'lost = 0'], [])

/** mulberry32, as short as random numbers get that a test can repeat. */
function randomOf(seed: number) {
  let state = seed
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return { uniform, normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()) }
}

type Slower = { readonly time?: number; readonly memory?: number; readonly lost?: number }

/** A run whose figures vary by `spread`, the 99th percentile by three times that. */
function drawn(normal: () => number, spread: number, { time = 1, memory = 1, lost = 0 }: Slower = {}): Measured {
  const vary = (value: number, by: number) => value * Math.exp(by * normal())
  const values = {
    p50: vary(4 * time, spread),
    p95: vary(9 * time, 2 * spread),
    p99: vary(20 * time, 3 * spread),
    'peak memory': vary(9e7 * memory, 0.01),
    lost,
  }
  return { unusable: null, crashed: false, values }
}

/** What 500 gates say, of as many pairs as each asks for. */
function playGates(spread: number, slower: Slower = {}) {
  return Promise.all(
    Array.from({ length: 500 }, async (_, seed) => {
      const { normal } = randomOf(seed + 1)
      const next = async () => ({ baseline: drawn(normal, spread), candidate: drawn(normal, spread, slower) })
      return (await takeLooks(next, limits, [])).decision.answer
    }),
  )
}

const share = (answer: string, answers: readonly string[]) =>
  answers.filter((a) => a === answer).length / answers.length

test('the same thing against itself fails in at most 1 % of 500 gates, and is cleared where runs vary little', async () => {
  for (const spread of [0.01, 0.05, 0.2]) expect(share('fail', await playGates(spread))).toBeLessThanOrEqual(0.01)
  expect(share('pass', await playGates(0.01))).toBeGreaterThan(0.95)
})

test('what is just at its limits fails in at most 1 %, and seldom passes', async () => {
  const answers = await playGates(0.02, { time: 1.05 })
  expect(share('fail', answers)).toBeLessThanOrEqual(0.01)
  expect(share('pass', answers)).toBeLessThanOrEqual(0.05)
})

test('10 % slower is caught in 95 %, 10 % more memory in 99 %', async () => {
  // The two runs of a pair, at the same time, then differ by 3.5 %: as measured.
  expect(share('fail', await playGates(0.025, { time: 1.1 }))).toBeGreaterThan(0.95)
  expect(share('fail', await playGates(0.03, { memory: 1.1 }))).toBeGreaterThan(0.99)
})

const { normal } = randomOf(7)
const good = (slower?: Slower) => drawn(normal, 0.001, slower)
const pairsOf = (count: number, make: () => Pair) => Array.from({ length: count }, make)

test('one lost event fails, with too few pairs for anything else', () => {
  const { answer, metrics } = decide([{ baseline: good(), candidate: good({ lost: 1 }) }], limits)
  expect(answer).toBe('fail')
  expect(metrics.map((metric) => metric.answer)).toEqual(['unknown', 'unknown', 'unknown', 'unknown', 'fail'])
})

test('a threshold that half of the runs keep is judged at the last look alone; one that none keeps, sooner', async () => {
  const thresholds = parseThresholds(['p99 < 250 ms'], [])
  const readings = (index: number, beyond: number) => [index % 4 < beyond ? 260 : 240]
  const played = (beyond: number, most = Number.POSITIVE_INFINITY) =>
    takeLooks(
      async (index) => {
        if (index >= most) return null
        return { baseline: good(), candidate: { ...good(), readings: readings(index, beyond) } }
      },
      limits,
      thresholds,
    )
  // Of 8, 12 and 16 the median is 250 ms: beyond, and no more than half of them.
  expect((await played(2)).decision).toMatchObject({ answer: 'fail', pairs: 21 })
  expect((await played(2, 13)).decision).toMatchObject({ answer: 'fail', pairs: 13 })
  expect((await played(4)).decision).toMatchObject({ answer: 'fail', pairs: 12 })
  expect((await played(0)).decision).toMatchObject({ answer: 'pass', pairs: 8 })
})

test('too few pairs are unknown, never a pass', () => {
  expect(decide([], limits).answer).toBe('unknown')
  expect(
    decide(
      pairsOf(7, () => ({ baseline: good(), candidate: good() })),
      limits,
    ).answer,
  ).toBe('unknown')
  expect(
    decide(
      pairsOf(8, () => ({ baseline: good(), candidate: good() })),
      limits,
    ).answer,
  ).toBe('pass')
})

test('ten pairs that are all beyond a limit fail where no more come, and wait for more where they do', async () => {
  const slower = () => ({ baseline: good(), candidate: good({ time: 1.2 }) })
  expect(decide(pairsOf(10, slower), limits).answer).toBe('unknown')
  const played = (most: number) => takeLooks(async (index) => (index < most ? slower() : null), limits, [])
  const [eight, ten] = [await played(8), await played(10)]
  expect([eight.decision.answer, ten.decision.answer]).toEqual(['unknown', 'fail'])
})

test('pairs that say nothing are left out, and many of them keep from passing', () => {
  const fine = pairsOf(8, () => ({ baseline: good(), candidate: good() }))
  const tired = { baseline: good(), candidate: notRun('the load generator was saturated') }
  expect(decide([...fine, tired], limits)).toMatchObject({ answer: 'pass', pairs: 8, leftOut: 1 })
  const mostlyTired = decide([...fine, tired, tired, tired], limits)
  expect(mostlyTired).toMatchObject({ answer: 'unknown', leftOut: 3 })
  expect(mostlyTired.because.join()).toContain('3 of 11 pairs were left out')
})

test('a figure that one run lacks is unknown', () => {
  const pairs = pairsOf(8, () => ({ baseline: good(), candidate: good() }))
  const blind = { ...good(), values: { ...good().values, 'peak memory': null } }
  const { metrics } = decide([...pairs, { baseline: good(), candidate: blind }], limits)
  expect(metrics.find(({ limit }) => limit.metric === 'peak memory')).toMatchObject({
    answer: 'unknown',
    because: 'not measured in every run',
  })
})

test('a crash of the candidate alone fails; of the baseline, it leaves nothing to compare with', () => {
  const crashed = () => ({ ...good(), crashed: true })
  expect(
    decide(
      pairsOf(8, () => ({ baseline: good(), candidate: crashed() })),
      limits,
    ).answer,
  ).toBe('fail')
  expect(
    decide(
      pairsOf(8, () => ({ baseline: crashed(), candidate: good() })),
      limits,
    ).answer,
  ).toBe('unknown')
})

const brokenDown = (): Measured => ({ ...notRun('the warm-up was not clean'), brokeDown: true })

test('a candidate that breaks down again and again fails, one that does so once does not pass', async () => {
  const alone = (broken: number, most = Number.POSITIVE_INFINITY) =>
    takeLooks(
      async (index) => (index < most ? { baseline: good(), candidate: index < broken ? brokenDown() : good() } : null),
      limits,
      [],
    )
  const always = await alone(99)
  expect(always.decision).toMatchObject({ answer: 'fail', runs: 'fail', leftOut: 12 })
  expect(always.decision.because[0]).toBe(
    'the candidate broke down in 12 of 12 runs, the baseline in none; the first time: the warm-up was not clean',
  )
  // Runs that are slow to end leave time for few pairs.
  expect((await alone(99, 8)).decision.answer).toBe('fail')
  const once = await alone(1)
  expect(once.decision).toMatchObject({ answer: 'unknown', runs: 'unknown', pairs: 20, leftOut: 1 })
  expect(once.decision.because[0]).toContain('in 1 of 21 runs, the baseline in none, which may be chance')
})

test('where the baseline breaks down too, or is a stored one, breakdowns fail nothing', () => {
  const both = pairsOf(12, () => ({ baseline: brokenDown(), candidate: brokenDown() }))
  expect(decide(both, limits).answer).toBe('unknown')
  const mostly = [...both.slice(0, 1), ...pairsOf(11, () => ({ baseline: good(), candidate: brokenDown() }))]
  expect(decide(mostly, limits).answer).toBe('unknown')
  const stored = pairsOf(12, () => ({ baseline: good(), candidate: brokenDown(), isStored: true as const }))
  expect(decide(stored, limits)).toMatchObject({
    answer: 'unknown',
    because: [expect.stringContaining('nothing to compare with'), expect.any(String)],
  })
  const ofInstrument = pairsOf(12, () => ({ baseline: good(), candidate: notRun('the generator was saturated') }))
  expect(decide(ofInstrument, limits).answer).toBe('unknown')
  const ofBaseline = pairsOf(12, () => ({ baseline: brokenDown(), candidate: good() }))
  expect(decide(ofBaseline, limits).answer).toBe('unknown')
})

test('the same thing against itself fails in at most 1 % of 500 gates, however often it breaks down', async () => {
  for (const often of [0.02, 0.1, 0.5, 0.95]) {
    const answers = await Promise.all(
      Array.from({ length: 500 }, async (_, seed) => {
        const random = randomOf(seed + 1)
        const draw = () => (random.uniform() < often ? brokenDown() : drawn(random.normal, 0.02))
        return (await takeLooks(async () => ({ baseline: draw(), candidate: draw() }), limits, [])).decision.answer
      }),
    )
    expect(share('fail', answers)).toBeLessThanOrEqual(0.01)
  }
})

test('thresholds read the runs that broke down, where there is something to read', () => {
  const thresholds = parseThresholds(['no error before the burst'], [])
  const read = (candidate: Measured, errors: number | null) => ({
    baseline: good(),
    candidate: { ...candidate, readings: [errors] },
  })
  const clean = pairsOf(8, () => read(good(), 0))
  const [seen] = decide([...clean, read(brokenDown(), 3)], limits, thresholds).thresholds
  expect(seen).toMatchObject({ answer: 'fail', because: 'at most 3 in each of 9 runs' })
  const [unread] = decide([...clean, read(brokenDown(), null)], limits, thresholds).thresholds
  expect(unread?.answer).toBe('pass')
  const [ofInstrument] = decide([...clean, read(notRun('saturated'), 3)], limits, thresholds).thresholds
  expect(ofInstrument?.answer).toBe('pass')
  const dead = { ...good(), crashed: true }
  for (const none of [brokenDown(), dead]) {
    const both = pairsOf(8, () => ({ ...read(none, null), baseline: none }))
    expect(decide(both, limits, thresholds)).toMatchObject({ answer: 'unknown', thresholds: [{ answer: 'unknown' }] })
  }
})

test('a threshold that both sides break is not known, one that the candidate alone breaks fails', () => {
  const thresholds = parseThresholds(['p99 < 250 ms'], [])
  const read = (before: number, after: number) =>
    pairsOf(8, () => ({ baseline: { ...good(), readings: [before] }, candidate: { ...good(), readings: [after] } }))
  const judge = (before: number, after: number) => decide(read(before, after), limits, thresholds, true).thresholds[0]
  expect(judge(1_300, 1_310)?.answer).toBe('unknown')
  expect(judge(100, 1_310)?.answer).toBe('fail')
})

test('runs that a neighbour disturbed do not keep from an answer', () => {
  const [limit] = parseLimits(['p50 +5 %'], [])
  if (!limit) throw new Error('there is such a limit')
  const disturbed = (index: number) => (index % 9 === 0 ? 1.8 : 1 + ((index * 7) % 5) / 500)
  const pairs = (slower: number) =>
    Array.from({ length: 27 }, (_, index) => ({
      baseline: { unusable: null, crashed: false, values: { p50: 4 * disturbed(index + 4) } },
      candidate: { unusable: null, crashed: false, values: { p50: 4 * slower * disturbed(index) } },
    }))
  expect(decide(pairs(1.12), [limit]).answer).toBe('fail')
  expect(decide(pairs(1), [limit]).answer).toBe('pass')
})

test('of events per second, less is worse: beyond its limit it fails, more of it passes', () => {
  const [limit] = parseLimits(['events/s sustained -5 %'], [])
  if (!limit) throw new Error('there is such a limit')
  const rate = (perSec: number, index: number): Measured => ({
    unusable: null,
    crashed: false,
    values: { 'events/s sustained': perSec * (1 + ((index * 7) % 5) / 1_000) },
  })
  const after = (perSec: number) =>
    decide(
      Array.from({ length: 12 }, (_, index) => ({ baseline: rate(800, index), candidate: rate(perSec, index + 1) })),
      [limit],
    )
  const [slower] = after(720).metrics
  expect(slower).toMatchObject({ answer: 'fail', because: 'beyond its limit' })
  expect(slower?.effect?.ratio).toBeCloseTo(0.9, 2)
  expect(slower?.effect?.low).toBeLessThan(slower?.effect?.ratio ?? 0)
  expect(slower?.effect?.high).toBeGreaterThan(slower?.effect?.ratio ?? 1)
  expect([after(800).answer, after(960).answer]).toEqual(['pass', 'pass'])
})

test("Holm's correction", () => {
  expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06])
})

test('limits without a unit, of an unknown metric, or twice are refused, all at once', () => {
  const problems: string[] = []
  const bad = ['p99 +10', 'p98 +10 %', 'p50 +5 %', 'p50 +6 %', 'lost +5 %', 'p95 = 3', 'p95 +10 ms']
  parseLimits([...bad, 'events/s sustained +5 %', 'events/s sustained -0 %', 'time to recover -5 %'], problems)
  expect(problems).toEqual([
    'limit "p99 +10": the unit is missing: write %',
    expect.stringContaining('limit "p98 +10 %": unknown metric "p98"'),
    'limit "p50 +6 %": there is one for p50 already',
    'limit "lost +5 %": takes a count, such as "lost = 0"',
    'limit "p95 = 3": takes an increase over the baseline, such as "p95 +10 %"',
    'limit "p95 +10 ms": takes % as its unit, not ms',
    'limit "events/s sustained +5 %": takes a decrease from the baseline, such as "events/s sustained -10 %"',
    'limit "events/s sustained -0 %": takes a decrease of more than 0 % and less than 100 %',
    'limit "time to recover -5 %": takes an increase over the baseline, such as "time to recover +10 %"',
  ])
})
