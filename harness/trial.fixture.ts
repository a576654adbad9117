import type { Trial } from './trial.ts'

export const crashed: Trial = {
  cell: 'memory=1g',
  repeat: 1,
  seed: 1,
  run: 'cell-1-run-1',
  commit: 'abc',
  startedAt: '2026-11-25T10:00:00.000Z',
  tookMs: 15_000,
  outcome: 'crashed',
  why: null,
  chain: ['cpu-too-small', 'retry-storm', 'memory-limit'],
  diedMs: 9_300,
  limitBytes: 2 ** 30,
  peakBytes: 2 ** 30,
  peakPendingEvents: 80,
  response: { p50Ms: 1_000, p95Ms: 5_000, p99Ms: 5_010 },
  events: {
    emitted: 300,
    acknowledged: 52,
    exactlyOnce: 40,
    dropped: 200,
    acknowledgedAndLost: 0,
    storedMoreThanOnce: 60,
  },
  memory: [
    [0, 100 * 2 ** 20],
    [5_000, 500 * 2 ** 20],
    [9_300, 2 ** 30],
  ],
  forecast: null,
}

const all = { emitted: 300, acknowledged: 300, exactlyOnce: 300, dropped: 0, acknowledgedAndLost: 0 }

/** It lived, and every event is stored once. */
export const clean: Trial = {
  ...crashed,
  outcome: 'survived',
  diedMs: null,
  chain: [],
  events: { ...all, storedMoreThanOnce: 0 },
}

export const losing: Trial = {
  ...clean,
  events: { ...all, acknowledged: 87, exactlyOnce: 20, dropped: 213, storedMoreThanOnce: 235 },
}

export const notStarted: Trial = {
  ...crashed,
  outcome: 'not started',
  why: 'the service did not start',
  chain: [],
  diedMs: null,
  limitBytes: null,
  peakBytes: null,
  peakPendingEvents: null,
  response: null,
  events: null,
  memory: [],
}
