import type { OptionResult, OptionsReport } from '../../option.ts'
import { dying, losing } from '../comparison/comparison.fixture.ts'

const shared = {
  because: 'in 3 of 3 runs',
  lost: { low: 0, high: 2 },
  checksPassed: { low: 13, high: 15 },
  checks: 15,
  writtenPerSec: { low: 8.1, high: 9.4 },
  tookMs: { low: 60_000, high: 71_000 },
}

/** The load before the audit tests, and the report's option A, so that "before and after" is there, too. */
export const optionResults: readonly OptionResult[] = [
  {
    ...shared,
    name: 'load-first',
    what: 'the load, then the audit tests',
    expected: { words: 'crashes', by: 'the report', claims: [] },
    command: 'npm run scenario high-load -- --seed 1',
    cell: { ...dying, cell: 'load-first' },
    held: 'yes',
  },
  {
    ...shared,
    name: 'A',
    what: 'the audit tests, then the load',
    expected: { words: 'survives', by: 'us', claims: [] },
    command: 'npm run scenario high-load -- --seed 2',
    cell: { ...losing, cell: 'A' },
    held: 'no',
  },
]

export const optionsReport = (results: readonly OptionResult[]): OptionsReport => ({
  id: '2026-01-02T03-04-05-options',
  isQuick: false,
  repeats: 3,
  results,
  finished: 5,
  planned: 6,
  commits: ['abc'],
})
