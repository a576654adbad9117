import type { Range } from './trial.ts'

/** What is searched: written to search.json before the first run; going on with another one is refused. */
export interface Search {
  readonly scenario: string
  /** The flag whose value is looked for. */
  readonly find: string
  readonly unit: 'bytes' | 'count' | 'CPUs'
  /** Whether runs survive above the threshold, or below it. */
  readonly moreHelps: boolean
  readonly from: number
  readonly to: number
  readonly maxRuns: number
  readonly seed: number
  /** Flags that are the same for every run. */
  readonly fixed: Readonly<Record<string, string>>
  /** Of the scenario and all that is fixed, as a hash. */
  readonly fingerprint: string
}

export type SearchEnd =
  | 'narrow enough'
  | 'runs used up'
  | 'below range'
  | 'above range'
  | 'nothing to try'
  | 'interrupted'

/** Where half of all runs survive, as far as the runs tell. */
export interface Bisection {
  readonly id: string
  readonly search: Search
  readonly end: SearchEnd
  /** The 50 % point with its 90 % interval. `null`: no run has told anything. */
  readonly located: { readonly dose: number; readonly low: number; readonly high: number } | null
  /** Runs at each value, by value. */
  readonly doses: readonly {
    readonly dose: number
    readonly crashed: number
    readonly survived: number
    /** Not known or not started: they count as neither. */
    readonly neither: number
  }[]
  readonly runs: number
  readonly why: readonly string[]
  /** Peak memory over peak pending events, by least squares. `null`: fewer than three runs tell both. */
  readonly line: {
    readonly bytesPerPendingEvent: number
    /** 90 %. */
    readonly interval: Range
    readonly bytesWithoutAny: number
    readonly runs: number
  } | null
  /**
   * By the queueing model, with the own figures of each of the runs next to the threshold: the median and the middle half.
   * `null`: it knows no such threshold, or no run holds the figures.
   */
  readonly predicted: (Range & { readonly median: number; readonly runs: number }) | null
  readonly commits: readonly string[]
}

/** No wider than this share of the 50 % point, to either side, or half a step where doses come in steps. */
export const wantedShare = 0.08
