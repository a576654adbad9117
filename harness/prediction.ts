import type { ClientOptions, Limits, Load, Phases } from './scenario.ts'

/** What a prediction is computed from, besides the load: figures that a record holds, or that a user gives. */
export interface Figures {
  /** CPU time that one written event costs, in milliseconds, all threads together, the taking of its memory included. */
  readonly workMsPerEvent: number
  /** Of that: CPU time to take the memory of one event, in milliseconds. 0: memory is there as soon as an event is. */
  readonly takeMsPerEvent: number
  /** Memory held for one event from its acceptance until it is committed. */
  readonly heldBytesPerEvent: number
  /** Memory of the service without any load. */
  readonly baselineBytes: number
  /** Write requests that may await their answer; further ones are reset. `null`: no cap is known. */
  readonly maxAwaitingAnswer: number | null
  /** Requests written at the same time, each on a thread and a database connection of its own. */
  readonly writers: number
  /** Of the CPU limit: the share that the service gets when it has more than enough work. */
  readonly cpuShare: number
}

/** When one RR emits, in milliseconds since the burst. */
export interface PlannedLife {
  /** The first flush of its client. */
  readonly flushPhaseMs: number
  /** In order of time. */
  readonly events: readonly { readonly intendedMs: number }[]
}

/** What runs, under which limits. */
export interface Conditions {
  readonly load: Load
  readonly client: ClientOptions
  readonly limits: Pick<Limits, 'memoryLimitBytes' | 'cpus'>
  readonly phases: Pick<Phases, 'afterDeathMs' | 'maxMs'>
  readonly poolSize: number
}

export interface PredictionInput extends Conditions {
  readonly figures: Figures
  readonly seed: number
  /** The load as the generator would play it: the same seed gives the same plan. */
  readonly plan: (load: Load, seed: number) => readonly PlannedLife[]
}

/** Predicts one run; may let others in before. */
export type Ask = (input: PredictionInput) => Promise<Prediction>

/** The state at a moment. `t` in milliseconds since the burst. */
export interface PredictedPoint {
  readonly t: number
  /** Events accepted, and neither committed nor failed. */
  readonly backlog: number
  /** Requests that somebody still waits for. */
  readonly awaitingAnswer: number
  readonly memoryBytes: number
}

/** What would happen in one run, with one seed. Times in milliseconds since the burst; `null`: it never would. */
export interface Prediction {
  readonly seed: number
  /** `not over`: the longest time that a run may take has passed, and there is work left. */
  readonly outcome: 'crashed' | 'survived' | 'not over'
  readonly diedMs: number | null
  readonly endMs: number
  readonly firstMs: Readonly<Record<PredictedError, number | null>>
  /** How often clients would see each. */
  readonly errors: Readonly<Record<PredictedError, number>>
  readonly attempts: number
  /** Attempts that repeat an earlier one. */
  readonly retries: number
  /** Of the events: emitted = acknowledged + dropped + open. */
  readonly events: {
    readonly emitted: number
    readonly acknowledged: number
    readonly dropped: number
    /** Not settled when the run ends. */
    readonly open: number
    readonly stored: number
    readonly storedMoreThanOnce: number
  }
  readonly peakPendingEvents: number
  readonly peakMemoryBytes: number
  /** Each 250 ms, as probes would see it. */
  readonly series: readonly PredictedPoint[]
}

export type PredictedError = 'reset' | 'timeout' | 'refused'

/** A figure of a run that a prediction has, too. */
export interface Row {
  readonly what: string
  readonly unit: 'moment' | 'count' | 'bytes'
  /** With the seed that was asked for. `null`: it never happens. */
  readonly predicted: number | null
  /** Over all seeds, of those with which it happens at all; `null`: with none. */
  readonly among: { readonly low: number; readonly high: number; readonly seeds: number } | null
  /** `null`: it did not happen. Absent: there is no record of the same run, or it does not say. */
  readonly measured?: number | null
  /** Whether what was measured is among what was predicted. Absent where `measured` is. */
  readonly isAmong?: boolean
}

/** The same run with many seeds, and with work that varies as it does between runs. */
export interface Outlook {
  readonly conditions: Conditions
  readonly seeds: number
  readonly crashed: number
  /** With the seed that was asked for. */
  readonly prediction: Prediction
  readonly rows: readonly Row[]
}

/** What the model makes of a run that was made. */
export type LookBack =
  | { readonly outlook: Outlook; readonly why: null }
  /** `why`: half a sentence. */
  | { readonly outlook: null; readonly why: string }

/** The lowest and highest threshold over the seeds. `high: null`: with some of them, there was none. */
export interface Span {
  readonly low: number
  readonly high: number | null
}

/** What `predict` answers. */
export interface Forecast {
  readonly scenario: string
  readonly figures: Figures
  readonly outlook: Outlook
  readonly thresholds: {
    readonly seeds: number
    readonly memoryBytes: Span
    /** `null`: all that were tried are few enough. */
    readonly rrs: { readonly survive: Span | null; readonly lossless: Span | null; readonly searchedTo: number }
    /** Each `null`: no number of CPUs helps. Both: the service did not use those it had, so nobody knows what more do. */
    readonly cpus: { readonly survive: Span | null; readonly lossless: Span | null } | null
  }
  /** The record that figures come from. `null`: there is none, all figures were given. */
  readonly record: {
    readonly dir: string
    readonly id: string
    /** What the figures predict for the record's own run, beside what it measured. */
    readonly check: Outlook
    /** Whether that is the very run that was asked about, so that `outlook` is `check`. */
    readonly isSame: boolean
    /** Not `null`: why the record's own outcome is not known. */
    readonly doubt: string | null
  } | null
}
