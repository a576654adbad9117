import type { ErrorClass } from './sample.ts'
import type { AppliedLimits } from './stack.ts'

/** Where a cause stands in the chain. `instrument`: the load generator itself, which makes all else inconclusive. */
export type Role = 'trigger' | 'amplifier' | 'death' | 'instrument'

/** `not exercised`: the run never got to where the claim could have shown. */
export type Answer = 'supported' | 'refuted' | 'inconclusive' | 'not exercised'

/** What became of one prediction. `because` is a measured fact in words, `refs` the lines of the record that show it. */
export interface Observed {
  readonly result: 'seen' | 'absent' | 'not measurable'
  readonly because: string
  readonly refs: readonly string[]
  /** When the state began that was seen, where it is one that begins: milliseconds since the burst. */
  readonly sinceMs?: number
}

export interface Observation extends Observed {
  readonly prediction: string
  readonly necessary: boolean
}

export interface Finding {
  readonly hypothesis: string
  readonly label: string
  readonly role: Role
  readonly claim: string
  readonly answer: Answer
  readonly because: string
  readonly observations: readonly Observation[]
}

/** A step of the chain, first things first, and what ties it to the step after it. */
export interface ChainLink {
  readonly role: Role
  readonly hypothesis: string
  readonly leadsTo: string | null
  readonly because: string | null
}

/** When an error class was seen at the client. Times in milliseconds since the burst. */
export interface ErrorSpan {
  readonly errorClass: ErrorClass
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
  /** Errors in each second since the burst: `[second, count]`, seconds without any left out. */
  readonly perSecond: readonly (readonly [number, number])[]
  /** The line of the first one. */
  readonly firstRef: string
}

export interface Timeline {
  readonly errors: readonly ErrorSpan[]
  readonly diedMs: number | null
  readonly firstHealthFailureMs: number | null
  readonly lastHealthOkMs: number | null
}

export interface Percentiles {
  readonly count: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** Of the attempts at batches in the load phase, timeouts included. `null`: there were none. */
export interface Latency {
  /** From the intended start: what the caller felt. */
  readonly response: Percentiles | null
  /** From the actual start: what the service took. */
  readonly service: Percentiles | null
  /** Actual minus intended start, before the first error: what the generator added. */
  readonly sendDelay: Percentiles | null
}

export interface Memory {
  readonly limiter: AppliedLimits['limiter'] | null
  readonly limitBytes: number | null
  readonly peakBytes: number | null
  readonly baselineBytes: number | null
  /** At most 60 values over the run, each the highest of its stretch: for a small picture. */
  readonly seriesBytes: readonly number[]
}

/** Every event of the load, by its own id. `null` where the database was not read back. */
export interface Accounting {
  readonly emitted: number
  readonly attempted: number
  readonly acknowledged: number
  readonly stored: number | null
  /** Acknowledged, and neither in the database nor in the dead-letter queue. */
  readonly acknowledgedAndLost: number | null
  /** Acknowledged, not in the database yet, but in the dead-letter queue. */
  readonly inDeadLetterQueue: number | null
  readonly storedUnacknowledged: number | null
  readonly storedMoreThanOnce: number | null
  readonly droppedByClient: number
  /** Emitted, but the run ended before a first attempt. */
  readonly neverAttempted: number
  /** Attempted, not acknowledged, not dropped, not found stored: still open when the run ended. */
  readonly unknown: number
}

/** Whether the numbers are plausible, beside what the report says. */
export interface Plausibility {
  readonly peakPendingEvents: number | null
  /** (memory when the backlog peaked - baseline) / events pending then: what the memory would have to be spent on. */
  readonly bytesPerPendingEvent: number | null
  readonly bytesPerEventAsJson: number | null
  readonly eventsPerSecEmitted: number | null
  readonly attemptsPerSecSent: number | null
  readonly attemptsPerEvent: number | null
  readonly eventsPerRequest: number | null
  /** Events/s committed while work was pending. */
  readonly effectiveWriteRatePerSec: number | null
  /** Highest number of requests that the service worked on although no client waited for them. */
  readonly peakAbandonedRequests: number | null
  /** Of the CPU limit: the share used while RRs emitted events. */
  readonly cpuUsedShare: number | null
  /** Connections of the pool in use, at most. */
  readonly peakConnections: number | null
  readonly poolSize: number
}

export interface Verdict {
  readonly schemaVersion: number
  readonly run: string
  readonly scenario: string
  /** `unknown`: the run ended before either could be claimed, or its evidence cannot be trusted. */
  readonly outcome: 'crashed' | 'survived' | 'unknown'
  readonly headline: string
  readonly diedMs: number | null
  /** Causes that stand, as a chain where they form one; empty when none stands. */
  readonly chain: readonly ChainLink[]
  readonly findings: readonly Finding[]
  /** What could not be known, and why. */
  readonly missing: readonly string[]
  readonly timeline: Timeline
  readonly memory: Memory
  readonly latency: Latency
  readonly accounting: Accounting
  readonly plausibility: Plausibility
  readonly expectation: {
    readonly expected: string
    readonly from: string
    /** `null`: not known. */
    readonly held: boolean | null
    readonly exitCode: number
    readonly sentence: string
  }
}
