import { expect, test } from 'vitest'
import type { Bisection } from '../../threshold.ts'
import { renderBisection } from './index.ts'

const MiB = 2 ** 20
const found: Bisection = {
  id: 'x',
  search: {
    scenario: 'high-load',
    find: 'memory',
    unit: 'bytes',
    moreHelps: true,
    from: 512 * MiB,
    to: 8192 * MiB,
    maxRuns: 20,
    seed: 1,
    fixed: { cpus: '1' },
    fingerprint: 'f',
  },
  end: 'narrow enough',
  located: { dose: 2_500 * MiB, low: 2_400 * MiB, high: 2_600 * MiB },
  doses: [
    { dose: 2_048 * MiB, crashed: 2, survived: 0, neither: 1 },
    { dose: 3_000 * MiB, crashed: 0, survived: 3, neither: 0 },
  ],
  runs: 6,
  why: ['memory=2048m: the load generator \u001b[31mwas saturated'],
  line: {
    bytesPerPendingEvent: 12 * MiB,
    interval: { low: 11 * MiB, high: 13 * MiB },
    bytesWithoutAny: 90 * MiB,
    runs: 5,
  },
  predicted: { low: 2_450 * MiB, median: 2_500 * MiB, high: 2_560 * MiB, runs: 5 },
  commits: ['abc'],
}
const text = (change: Partial<Bisection> = {}) =>
  renderBisection({ ...found, ...change }, { dir: 'x', stream: process.stdout })

test('the threshold is told with its interval, the runs, the prediction and the line', () => {
  for (const line of text().split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  const words = text().replaceAll(/\s+/g, ' ')
  expect(words).toContain(
    'Half of all runs survive with a memory of 2,500 MiB; 90 % interval 2,400 MiB to 2,600 MiB (-4.0 %, +4.0 %), after 6 runs.',
  )
  expect(words).toContain('2,048 MiB ✝✝? 3,000 MiB ●●●')
  expect(words).toContain('predicted 2,500 MiB, half of the runs from 2,450 MiB to 2,560 MiB')
  expect(words).not.toContain('DISAGREES')
  expect(words).toContain('12 MiB per pending event (90 %: 11 MiB to 13 MiB), 90 MiB without any')
  expect(words).toContain('\\u001b[31mwas saturated')
})

test('what was not found is not told as found', () => {
  expect(text({ end: 'above range' })).toContain('NOT BETWEEN 512 MiB AND 8,192 MiB: it crashes with all of them.')
  expect(text({ end: 'below range' })).toContain('it survives with all of them')
  expect(text({ located: null, end: 'runs used up' })).toContain('NOT KNOWN')
  expect(
    text({ predicted: { low: 900 * MiB, median: 950 * MiB, high: 990 * MiB, runs: 3 } }).replaceAll(/\s+/g, ' '),
  ).toContain('it DISAGREES with the measured interval')
  expect(text({ predicted: null })).toContain('no run holds the figures for it')
})
