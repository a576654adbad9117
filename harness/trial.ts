import type { Verdict } from './verdict.ts'

/** What became of the events of one run. `null`: the database was not read back. */
export interface TrialEvents {
  readonly emitted: number
  readonly acknowledged: number
  /** Acknowledged, and in the database once. */
  readonly exactlyOnce: number | null
  readonly dropped: number
  readonly acknowledgedAndLost: number | null
  readonly storedMoreThanOnce: number | null
  /** Neither in the database nor in the dead-letter queue. Absent in campaigns from before it was counted. */
  readonly lost?: number | null
}

/** A course over the run: milliseconds since the burst, bytes. */
export type MemoryCourse = readonly (readonly [tMs: number, bytes: number])[]

/** What the queueing model makes of a run's own figures. */
export interface TrialForecast {
  readonly diedMs: number | null
  readonly memory: MemoryCourse
  /** Figures that were measured outside of what all seeds predict; `told` has both. Empty: all agree. */
  readonly disagreements: readonly { readonly what: string; readonly told: string }[]
}

/** One run among many, as kept in results.ndjson. Times in milliseconds, moments since the burst. */
export interface Trial {
  /** What was set for it, such as `memory=1g pool=25`. */
  readonly cell: string
  readonly repeat: number
  readonly seed: number
  /** Its folder in `runs/`. */
  readonly run: string
  readonly commit: string
  readonly startedAt: string
  readonly tookMs: number
  readonly outcome: Verdict['outcome'] | 'not started'
  /** Why the outcome is not known, or why it did not start. */
  readonly why: string | null
  /** Names of the causes that stand, first things first. */
  readonly chain: readonly string[]
  readonly diedMs: number | null
  readonly limitBytes: number | null
  readonly peakBytes: number | null
  readonly peakPendingEvents: number | null
  readonly response: { readonly p50Ms: number; readonly p95Ms: number; readonly p99Ms: number } | null
  readonly events: TrialEvents | null
  /** Events/s that the service committed while it had some to do: less than usual where a neighbour had the CPU. */
  readonly writtenPerSec?: number | null
  /** The audit checks, where they were run. */
  readonly checks?: { readonly passed: number; readonly of: number } | undefined
  readonly memory: MemoryCourse
  readonly forecast: TrialForecast | null
}

/** Lowest and highest of some measured values. */
export interface Range {
  readonly low: number
  readonly high: number
}

/** A mean, and where the true one lies. `interval: null`: one value alone does not say. */
export interface Estimate {
  readonly mean: number
  readonly n: number
  readonly interval: Range | null
}
