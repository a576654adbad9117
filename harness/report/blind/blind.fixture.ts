import type { BlindTrial } from '../../blind-trial.ts'
import type { BlindReport } from './page.ts'

export const right: BlindTrial = {
  index: 1,
  faults: ['pool-too-small:2'],
  seed: 5,
  drawn: ['pool-exhaustion'],
  named: ['pool-exhaustion'],
  tookEffect: true,
  effect: 'pool-too-small: at most 3 connections, all in use',
  reasons: [],
  durationMs: 12_000,
  run: 'results/blind/seed-1/run-001',
  replay: 'npm run scenario blind -- --seed 5 --fault pool-too-small:2',
}

const trial = (index: number, more: Partial<BlindTrial>): BlindTrial => ({
  ...right,
  index,
  run: `results/blind/seed-1/run-00${index}`,
  ...more,
})

/** One of each score, "no fault" among them, one run fewer than was asked for. */
export const blindReport: BlindReport = {
  seed: 1,
  planned: 6,
  commit: '0123456789abcdef+',
  trials: [
    right,
    trial(2, { named: [], reasons: ['pool exhaustion is inconclusive: no readings at the end'] }),
    trial(3, { named: ['pool-exhaustion', 'retry-storm'] }),
    trial(4, {
      faults: ['page-cache:1'],
      drawn: [],
      named: [],
      tookEffect: false,
      effect: 'page-cache: the file never grew beyond the limit',
    }),
    trial(5, { faults: [], drawn: [], named: [] }),
  ],
}
