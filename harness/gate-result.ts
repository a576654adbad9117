import type { ErrorClass } from './sample.ts'
import type { Memory } from './verdict.ts'

/** What one run gives the gate, by the name that limits use. */
export const metricNames = [
  'p50',
  'p95',
  'p99',
  'events/s sustained',
  'time to recover',
  'cpu per event',
  'peak memory',
  'lost',
] as const
export type MetricName = (typeof metricNames)[number]

/**
 * How much worse than the baseline a candidate may be (`0.1`: a tenth more, `-0.05`: a twentieth less, where more is better), or
 * how many of a count it may have at most.
 */
export type Limit =
  | { readonly metric: MetricName; readonly text: string; readonly kind: 'change'; readonly share: number }
  | { readonly metric: MetricName; readonly text: string; readonly kind: 'at most'; readonly count: number }

export const thresholdFigures = ['p50', 'p95', 'p99', 'errors', 'peak memory'] as const
/** What the candidate has to keep by itself: see harness/gate/thresholds.ts. */
export interface Threshold {
  readonly text: string
  readonly figure: (typeof thresholdFigures)[number] | 'count'
  /** Of a count: which errors. `null`: any. */
  readonly errors: ErrorClass | null
  /** In ms, as a share, in bytes, or as a count. */
  readonly limit: number
  /** In milliseconds since the burst. */
  readonly fromMs: number
  readonly toMs: number
}

export interface ThresholdResult {
  readonly text: string
  readonly answer: GateAnswer
  readonly because: string
}

/** What the gate keeps of one run. Times, CPU time among them, in milliseconds, memory in bytes, events as a count. `null`: not measured. */
export interface Measured {
  /** Why this run says nothing: a saturated generator, a start that failed. `null`: it can be used. */
  readonly unusable: string | null
  /** That was the service's doing: it failed requests of the warm-up, or did not drain in time. */
  readonly brokeDown?: true
  readonly crashed: boolean
  /** Absent: nobody asked, or the load has no such thing. */
  readonly values: Readonly<Partial<Record<MetricName, number | null>>>
  /** What it has for each threshold, in their order. Absent: no data. */
  readonly readings?: readonly (number | null)[]
  /** What limited the service, as far as it could be read back. Absent: it was not asked for. */
  readonly limiter?: Memory['limiter']
}

/** A baseline's and a candidate's run, one right after the other. */
export interface Pair {
  readonly baseline: Measured
  readonly candidate: Measured
  /** The baseline's run is a stored one: of another hour, and one of those that could be used. */
  readonly isStored?: true
}

export type GateAnswer = 'pass' | 'fail' | 'unknown'

/** Candidate / baseline, and the interval that it lies in (98 %). */
export interface Effect {
  readonly ratio: number
  readonly low: number
  readonly high: number
}

export interface MetricResult {
  readonly limit: Limit
  readonly answer: GateAnswer
  /** Of a change. `null`: too few pairs, or a count. */
  readonly effect: Effect | null
  readonly because: string
}

export interface Decision {
  readonly answer: GateAnswer
  readonly pairs: number
  readonly leftOut: number
  readonly metrics: readonly MetricResult[]
  readonly thresholds: readonly ThresholdResult[]
  /** Whether the runs can be compared at all, and end alike: no crash or breakdown of one side alone, few pairs left out. */
  readonly runs: GateAnswer
  /** What holds for the whole comparison rather than for one metric. */
  readonly because: readonly string[]
}

/** A level that rose from one gate to the next ones, though each of them may have passed. Ratios to the first baseline. */
export interface Drift {
  readonly metric: string
  /** ISO 8601: the first gate of the new level. */
  readonly at: string
  readonly gates: number
  readonly before: number
  readonly after: number
  /** The baseline of the first of these gates. */
  readonly from: string
}

/** What came of one scenario. */
export interface GateResult {
  readonly scenario: string
  readonly baseline: string
  readonly candidate: string
  readonly decision: Decision
  /** All that was measured but the warm-up, in order; those that were left out, too. */
  readonly pairs: readonly Pair[]
  /** Found in the history with this gate. It warns, and fails nothing. */
  readonly drifts: readonly Drift[]
}

/** One failure fails, one unknown keeps from passing, and nothing at all is unknown. */
export function worst(answers: readonly GateAnswer[]): GateAnswer {
  if (answers.includes('fail')) return 'fail'
  return answers.length === 0 || answers.includes('unknown') ? 'unknown' : 'pass'
}
