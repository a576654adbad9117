import type { CellSummary } from './comparison.ts'
import type { Option } from './scenario.ts'
import type { Range } from './trial.ts'

/** Whether what was expected came true: `no` as soon as one run broke it; `not known` of what no run could show. */
export type Held = 'yes' | 'no' | 'not known' | 'nothing claimed'

/** What became of an option. Figures are of the runs whose outcome is known. */
export interface OptionResult extends Pick<Option, 'name' | 'what' | 'expected'> {
  /** The command of its first run. */
  readonly command: string
  readonly cell: CellSummary
  readonly held: Held
  /** Runs that broke a claim, of those that could tell, such as `crashes in 2 of 3`. */
  readonly because: string
  /** Events that are neither in the database nor in the dead-letter queue after the run, of those emitted. */
  readonly lost: Range | null
  /** Audit tests that passed. `null`: none were run. */
  readonly checksPassed: Range | null
  readonly checks: number | null
  /** Events/s that the service committed while it had some to do. */
  readonly writtenPerSec: Range | null
  /** The whole run: to start, to measure, to judge. */
  readonly tookMs: Range | null
}

export interface OptionsReport {
  readonly id: string
  readonly isQuick: boolean
  readonly repeats: number
  readonly results: readonly OptionResult[]
  readonly finished: number
  readonly planned: number
  readonly commits: readonly string[]
}
