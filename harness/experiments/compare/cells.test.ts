import { expect, test } from 'vitest'
import { clean, crashed, losing, notStarted } from '../../trial.fixture.ts'
import type { Trial } from '../../trial.ts'
import { summariseCell } from './cells.ts'

const unknown: Trial = { ...clean, outcome: 'unknown', why: 'the load generator was saturated' }
const twice: Trial = { ...clean, events: clean.events && { ...clean.events, exactlyOnce: 290, storedMoreThanOnce: 10 } }
const unread: Trial = {
  ...clean,
  events: clean.events && { ...clean.events, exactlyOnce: null, acknowledgedAndLost: null, storedMoreThanOnce: null },
}
const gone: Trial = { ...clean, events: clean.events && { ...clean.events, exactlyOnce: 299, acknowledgedAndLost: 1 } }
const cell = (...trials: Trial[]) => summariseCell({ name: 'memory=1g', values: { memory: '1g' } }, trials, 3)

test.each([
  ['clean', [clean, clean]],
  ['crashes', [clean, clean, crashed]],
  ['survives, loses events', [clean, losing]],
  ['survives, loses events', [gone]],
  ['survives, stores events twice', [clean, twice]],
  ['not known', [unknown]],
  ['not known', [clean, unknown]],
  ['not known', [unread]],
  ['not known', [unknown, notStarted]],
  ['did not start', [notStarted, notStarted]],
] as const)('%s: the worst of its runs', (state, trials) => {
  expect(cell(...trials).state).toBe(state)
})

test('figures are of the runs whose outcome is known', () => {
  const wild: Trial = { ...unknown, peakBytes: 2 ** 40, response: { p50Ms: 1, p95Ms: 1, p99Ms: 1 } }
  const summary = cell(
    crashed,
    { ...crashed, diedMs: 9_900, response: { p50Ms: 1_000, p95Ms: 5_000, p99Ms: 5_030 } },
    wild,
  )
  expect(summary).toMatchObject({
    planned: 3,
    crashed: 2,
    survived: 0,
    unknown: 1,
    diedMs: { low: 9_300, high: 9_900 },
    peakBytes: { low: 2 ** 30, high: 2 ** 30 },
    acknowledged: { low: 52, high: 52 },
    exactlyOnceShare: { mean: 40 / 300 },
    why: ['not known: the load generator was saturated'],
    chains: [{ chain: ['cpu-too-small', 'retry-storm', 'memory-limit'], runs: 2 }],
  })
  expect(summary.response.p99Ms).toMatchObject({ mean: 5_020, n: 2 })
})

test('a cell that could not start counts as no crash', () => {
  expect(cell(notStarted)).toMatchObject({
    crashed: 0,
    survived: 0,
    notStarted: 1,
    crashShare: null,
    why: ['did not start: the service did not start'],
  })
})
