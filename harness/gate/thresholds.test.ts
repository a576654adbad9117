import { expect, test } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { times } from '../picture.fixture.ts'
import { excuseByBaseline, judgeThreshold, parseThresholds, readThreshold } from './thresholds.ts'

function parse(text: string) {
  const problems: string[] = []
  const [threshold] = parseThresholds([text], problems)
  if (!threshold) throw new Error(problems.join())
  return threshold
}

// 10 fast requests in the first second, one slow and one reset in the third.
const run = evidence({
  requests: [
    ...times(10, (index) => `a${index} ${index * 100}..${index * 100 + 20} ok`),
    'b0 3000..3400 ok',
    'b1 3100..3200 reset',
  ],
})

test.each([
  ['p50 < 250 ms', 20],
  ['p99 < 250 ms between 2 s and 4 s', 400],
  ['p99 < 250ms between 0s and 2s', 20],
  ['errors < 10 %', 1 / 12],
  ['no reset', 1],
  ['no timeout', 0],
  ['no error between 0 s and 2 s', 0],
  ['no error before the burst', null],
  ['p99 < 1 s between 10 s and 20 s', null],
  ['peak memory < 200 MiB', null],
])('%s reads %j from a run', (text, value) => {
  const read = readThreshold(parse(text), run)
  if (value === null) expect(read).toBeNull()
  else expect(Math.abs((read ?? Number.NaN) - value)).toBeLessThanOrEqual(value / 1000) // three figures, as HDR histograms have
})

test('an error of the warm-up counts, a timeout of it only where a client would have given up, too', () => {
  const { attempts } = evidence({ requests: ['a0 0..1 timeout', 'a1 0..1 5xx', 'a2 0..1 ok', 'a3 0..1 timeout'] })
  const lasted = [500, 20, 20, 5_000]
  const warmUp = attempts.map((attempt, index) => {
    const startedMs = -9_000
    return { ...attempt, phase: 'warm-up' as const, startedMs, endedMs: startedMs + (lasted[index] ?? 0) }
  })
  const read = (text: string) => readThreshold(parse(text), { ...run, attempts: warmUp })
  expect(read('no error before the burst')).toBe(2)
  expect(read('no timeout before the burst')).toBe(1)
  expect(read('errors < 1 % before the burst')).toBe(0.5)
})

test('times are judged by the median run, what must not happen by the worst', () => {
  expect(judgeThreshold(parse('p99 < 250 ms'), [100, 900, 200])).toEqual({
    text: 'p99 < 250 ms',
    answer: 'pass',
    because: '200 ms in the median of 3 runs',
  })
  expect(judgeThreshold(parse('p99 < 250 ms'), [100, 900, 250]).answer).toBe('fail')
  expect(judgeThreshold(parse('no error'), [0, 0, 2])).toMatchObject({
    answer: 'fail',
    because: 'at most 2 in each of 3 runs',
  })
  expect(judgeThreshold(parse('errors < 1 %'), [0, 0.005, 0])).toMatchObject({
    answer: 'pass',
    because: '0.00 % in the median of 3 runs',
  })
})

test('where more runs come, the median fails only once it is beyond its limit clearly', () => {
  const judged = (beyond: number, falseAlarm: number | null) =>
    judgeThreshold(
      parse('p99 < 250 ms'),
      times(12, (index) => (index < beyond ? 260 : 240)),
      falseAlarm,
    )
  expect(judged(7, 0.002)).toMatchObject({
    answer: 'unknown',
    because: '260 ms in the median of 12 runs, 7 of them beyond: more runs',
  })
  expect(judged(11, 0.002).answer).toBe('unknown')
  expect(judged(12, 0.002).answer).toBe('fail')
  expect(judged(7, null).answer).toBe('fail')
  expect(judged(5, 0.002).answer).toBe('pass')
  // What must not happen at all has happened.
  expect(judgeThreshold(parse('no error'), [0, 0, 1], 0.002).answer).toBe('fail')
})

test('without data in every run a threshold fails', () => {
  for (const readings of [[], [null, null], [1, null]]) {
    const { answer, because } = judgeThreshold(parse('p99 < 250 ms'), readings)
    expect(answer).toBe('fail')
    expect(because).toContain('no data')
  }
})

test('what cannot be read is refused, all at once, each with what it takes', () => {
  const problems: string[] = []
  const texts = [
    'p99 < 250',
    'p98 < 1 s',
    'p99 < 3 %',
    'errors < 5 ms',
    'no failure',
    'p99 < 1 s on Mondays',
    'no error between 9 s and 5 s',
    'peak memory < 1 GiB before the burst',
    'fast',
    'errors < 0 %',
    'p99 < 0 ms',
    'peak memory < 0 MiB',
  ]
  expect(parseThresholds(texts, problems)).toEqual([])
  expect(problems).toEqual([
    'threshold "p99 < 250": the unit is missing',
    'threshold "p98 < 1 s": unknown figure "p98"; there is: p50, p95, p99, errors, peak memory',
    'threshold "p99 < 3 %": takes a time such as 250 ms, not 3 %',
    'threshold "errors < 5 ms": takes a share of the requests, such as 1 %, not 5 ms',
    expect.stringContaining('no error is called "failure"; there is: error, reset, timeout'),
    expect.stringContaining('takes "p99 < 250 ms"'),
    expect.stringContaining('unknown window "between 9 s and 5 s"'),
    'threshold "peak memory < 1 GiB before the burst": a peak is of the whole run: it takes no window',
    expect.stringContaining('takes "p99 < 250 ms"'),
    'threshold "errors < 0 %": nothing is below 0: no run can keep it; for none at all, write "no error"',
    'threshold "p99 < 0 ms": nothing is below 0: no run can keep it',
    'threshold "peak memory < 0 MiB": nothing is below 0: no run can keep it',
  ])
})

test('what the baseline beside it does not keep either accuses no candidate, save of what must not happen', () => {
  const slow = parse('p99 < 250 ms')
  const judged = judgeThreshold(slow, [1_310, 1_200, 1_400])
  expect(excuseByBaseline(slow, judged, [1_290, 1_300, 1_100])).toEqual({
    text: slow.text,
    answer: 'unknown',
    because: "1.31 s in the median of 3 runs; the baseline's too (1.29 s): this machine may be too small for both",
  })
  expect(excuseByBaseline(slow, judged, [100, 120, 2_000]).answer).toBe('fail')
  expect(excuseByBaseline(slow, judged, [null, null, null]).answer).toBe('fail')
  const kept = judgeThreshold(slow, [100, 120, 130])
  expect(excuseByBaseline(slow, kept, [1_290, 1_300, 1_100]).answer).toBe('pass')
  const none = parse('no error')
  expect(excuseByBaseline(none, judgeThreshold(none, [3, 0]), [3, 3]).answer).toBe('fail')
})
