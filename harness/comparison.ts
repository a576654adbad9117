import type { Estimate, MemoryCourse, Range, TrialForecast } from './trial.ts'

/** One thing that is varied: a flag of every run, and its values as they were typed. */
export interface Axis {
  readonly flag: string
  readonly values: readonly string[]
}

/** What is compared: written to grid.json before the first run; going on with another one is refused. */
export interface Grid {
  readonly scenario: string
  readonly axes: readonly Axis[]
  /** Flags that are the same for every run. */
  readonly fixed: Readonly<Record<string, string>>
  readonly repeats: number
  /** Of the whole: each run's plan, as a hash. It changes when the scenario itself is changed. */
  readonly fingerprint: string
}

/** What a cell shows, worst first. Surviving is not curing: a service may live on and lose events. */
export const cellStates = [
  'did not start',
  'not known',
  'crashes',
  'survives, loses events',
  'survives, stores events twice',
  'clean',
] as const
export type CellState = (typeof cellStates)[number]

/** The runs of one combination of values. Figures are of the runs whose outcome is known. */
export interface CellSummary {
  readonly cell: string
  readonly values: Readonly<Record<string, string>>
  /** `null`: none of its runs is finished. */
  readonly state: CellState | null
  readonly planned: number
  readonly crashed: number
  readonly survived: number
  readonly unknown: number
  readonly notStarted: number
  /** Why outcomes are not known, or runs did not start; each once. */
  readonly why: readonly string[]
  /** Of the runs whose outcome is known: the share that crashed, with its 90 % interval. */
  readonly crashShare: Estimate | null
  readonly diedMs: Range | null
  readonly limitBytes: number | null
  readonly peakBytes: Range | null
  /** Of the response time from the intended start: each run's percentile, over the runs. */
  readonly response: Readonly<Record<'p50Ms' | 'p95Ms' | 'p99Ms', Estimate | null>>
  readonly emitted: Range | null
  readonly acknowledged: Range | null
  readonly dropped: Range | null
  readonly acknowledgedAndLost: Range | null
  readonly storedMoreThanOnce: Range | null
  /** Of the events emitted: the share that was acknowledged and stored once. */
  readonly exactlyOnceShare: Estimate | null
  readonly chains: readonly { readonly chain: readonly string[]; readonly runs: number }[]
  readonly courses: readonly { readonly run: string; readonly memory: MemoryCourse; readonly diedMs: number | null }[]
  readonly forecast: TrialForecast | null
}

export interface Comparison {
  readonly id: string
  readonly grid: Grid
  readonly cells: readonly CellSummary[]
  readonly finished: number
  readonly planned: number
  readonly commits: readonly string[]
}
