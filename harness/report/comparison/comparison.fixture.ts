import type { CellSummary, Comparison } from '../../comparison.ts'
import { crashed } from '../../trial.fixture.ts'

const one = { low: 300, high: 300 }
const none = { low: 0, high: 0 }
export const GiB = 2 ** 30

export const dying: CellSummary = {
  cell: 'memory=1g',
  values: { memory: '1g' },
  state: 'crashes',
  planned: 3,
  crashed: 3,
  survived: 0,
  unknown: 0,
  notStarted: 0,
  why: [],
  crashShare: { mean: 1, n: 3, interval: { low: 0.37, high: 1 } },
  diedMs: { low: 9_100, high: 9_600 },
  limitBytes: GiB,
  peakBytes: { low: GiB, high: GiB },
  response: {
    p50Ms: { mean: 1_000, n: 3, interval: { low: 980, high: 1_020 } },
    p95Ms: { mean: 5_000, n: 3, interval: { low: 4_990, high: 5_010 } },
    p99Ms: { mean: 5_010, n: 1, interval: null },
  },
  emitted: one,
  acknowledged: { low: 46, high: 87 },
  dropped: { low: 148, high: 177 },
  acknowledgedAndLost: none,
  storedMoreThanOnce: { low: 69, high: 117 },
  exactlyOnceShare: { mean: 0.129, n: 3, interval: { low: 0.1, high: 0.16 } },
  chains: [{ chain: ['cpu-too-small', 'retry-storm', 'memory-limit'], runs: 3 }],
  courses: [{ run: 'cell-1-run-1', memory: crashed.memory, diedMs: 9_300 }],
  forecast: {
    diedMs: 9_000,
    memory: [
      [0, GiB / 10],
      [9_000, GiB],
    ],
    disagreements: [{ what: 'acknowledged', told: '31, predicted 46 to 87' }],
  },
}
export const losing: CellSummary = {
  ...dying,
  cell: 'memory=4g',
  values: { memory: '4g' },
  state: 'survives, loses events',
  crashed: 0,
  survived: 3,
  crashShare: { mean: 0, n: 3, interval: { low: 0, high: 0.63 } },
  diedMs: null,
  courses: [{ run: 'cell-2-run-1', memory: crashed.memory, diedMs: null }],
  forecast: null,
}
const hostile = '</script><img src=x onerror=alert(1)>|`'
export const absent: CellSummary = {
  ...losing,
  cell: 'image=x',
  values: { image: hostile },
  state: 'did not start',
  survived: 0,
  notStarted: 3,
  why: [`did not start: \u001b[31m${hostile}`],
  crashShare: null,
  courses: [],
}
export const comparison = (cells: readonly CellSummary[]): Comparison => ({
  id: 'x',
  grid: {
    scenario: 'high-load',
    axes: [{ flag: 'memory', values: ['1g', '4g'] }],
    fixed: { cpus: '1' },
    repeats: 3,
    fingerprint: 'f',
  },
  cells,
  finished: 6,
  planned: 6,
  commits: ['abc'],
})
