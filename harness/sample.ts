import type { AppliedLimits, ProcessExit, ResourceReading } from './stack.ts'

/** One line of a record. `t` is in milliseconds since the burst; probes that start before it have negative times. */
export interface Line {
  readonly kind: string
  readonly t: number
}

/**
 * How an attempt ended. `unknown`: no answer came, so the service may or may not have done the work, and a retry may
 * do it twice.
 */
export type Outcome = 'ok' | 'failed' | 'unknown'

/** What the client saw. `reset`: the peer ended an open connection, by FIN or RST (`errno` and `syscall` tell which). */
export type ErrorClass = 'reset' | 'timeout' | 'refused' | 'connect-timeout' | '5xx' | '4xx' | 'local'

export interface Failure {
  readonly errorClass: ErrorClass
  readonly code?: string
  readonly errno?: number
  readonly syscall?: string
  readonly message?: string
}

/** samples.ndjson: one HTTP attempt. `t` = `startedMs`. */
export interface Attempt extends Line {
  readonly kind: 'attempt'
  readonly phase: 'warm-up' | 'load'
  /** `write-batch` and `write-event` carry events: an array of them, or a single one. */
  readonly operation: 'write-batch' | 'write-event' | 'query'
  /** The audit client that sent it, or the query's correlation id. */
  readonly client: string
  /** Numbers of the events carried: `firstEvent` up to `firstEvent + events - 1` of this client. */
  readonly firstEvent: number
  readonly events: number
  /** 1 for the first attempt at this batch. */
  readonly attempt: number
  readonly intendedMs: number
  readonly startedMs: number
  readonly endedMs: number
  readonly outcome: Outcome
  readonly status: number | null
  readonly failure: Failure | null
}

/** Events of one client, numbered without a gap. */
export interface EventRange {
  readonly firstEvent: number
  readonly events: number
}

/** samples.ndjson: the audit client gave events up. */
export interface Drop extends Line {
  readonly kind: 'drop'
  readonly client: string
  /** `null` where the events never got a number: they found the buffer full. */
  readonly firstEvent: number | null
  readonly events: number
  readonly why: 'attempts-exhausted' | 'rejected' | 'buffer-full'
}

/** samples.ndjson: what an audit client had done when the load ended. */
export interface ClientSummary extends Line {
  readonly kind: 'client'
  readonly client: string
  /** Events put into the buffer. */
  readonly emitted: number
  /** Events still in the buffer or in an attempt. */
  readonly unfinished: number
  /** Requests in an attempt, or in the pause before a retry, when the run ended: it was sent, and nobody knows more. */
  readonly inFlight?: EventRange | readonly EventRange[] | null
  /** Their size as JSON, all events of this client together. */
  readonly jsonBytes: number
}

/** probes.ndjson */
export interface CgroupProbe extends Line, ResourceReading {
  readonly kind: 'cgroup'
}

/** probes.ndjson: GET /health on a connection of its own. `t` is when the answer, or the failure, came. */
export interface HealthProbe extends Line {
  readonly kind: 'health'
  readonly tookMs: number
  readonly status: number | null
  readonly failure: Failure | null
}

/**
 * probes.ndjson: the service's own figures, from its Prometheus metrics. `null`: this service does not publish it, or
 * did not answer.
 */
export interface ServiceProbe extends Line {
  readonly kind: 'service'
  readonly requestsInProgress: number | null
  readonly requestsAwaitingAnswer: number | null
  readonly requestsAbandoned: number | null
  readonly requestsReset: number | null
  readonly eventsPending: number | null
  readonly eventsWritten: number | null
  readonly poolInUse: number | null
  readonly poolIdle: number | null
  readonly poolWaiting: number | null
  readonly poolMax: number | null
}

/** probes.ndjson: what PostgreSQL says of the service's sessions and of its database. */
export interface PostgresProbe extends Line {
  readonly kind: 'postgres'
  readonly active: number
  readonly idle: number
  readonly idleInTransaction: number
  /** Sessions that wait for a lock. */
  readonly lockWaits: number
  /** Sessions by wait event type, such as `Lock`, `IO`, `Client`. */
  readonly waits: Readonly<Record<string, number>>
  /** Longest open transaction. */
  readonly longestTransactionMs: number
  readonly deadlocks: number
  readonly commits: number
  readonly rollbacks: number
  readonly rowsInserted: number
}

/** probes.ndjson */
export interface RedisProbe extends Line {
  readonly kind: 'redis'
  readonly pingMs: number
  readonly usedMemoryBytes: number
  readonly dlqLength: number
}

/** probes.ndjson: a probe that got no answer, and why. */
export interface ProbeFailure extends Line {
  readonly kind: 'probe-failed'
  readonly probe: 'service' | 'postgres' | 'redis' | 'cgroup'
  readonly message: string
}

/** probes.ndjson: the load generator itself, over the second that ends at `t`. */
export interface GeneratorProbe extends Line {
  readonly kind: 'generator'
  readonly eventLoopDelayP99Ms: number
  readonly eventLoopDelayMaxMs: number
  readonly cpuPercent: number
  readonly rssBytes: number
}

export type EndReason = 'drained' | 'died' | 'time-limit' | 'interrupted' | 'error'

/** events.ndjson */
export type RunEvent =
  | (Line & AppliedLimits & { readonly kind: 'limits' })
  | (Line & {
      readonly kind: 'stack-ready'
      readonly pid: number | null
      readonly versions: Readonly<Record<string, string>>
    })
  | (Line & { readonly kind: 'warm-up'; readonly attempts: number; readonly failed: number })
  | (Line & { readonly kind: 'burst'; readonly at: string })
  | (Line & ProcessExit & { readonly kind: 'exit' })
  | (Line & { readonly kind: 'stderr'; readonly line: string })
  | (Line & { readonly kind: 'end'; readonly reason: EndReason; readonly message?: string })

/**
 * stored.ndjson: how often each event of a client is in the database after the run: `copies[n]` for its event n.
 * A last line of kind `stored-end` says that the read-back was complete. `queued` and `queued-end` say the same of the
 * dead-letter queue in Redis, which is read first: an event that leaves it meanwhile for the database is seen there.
 */
export interface Stored extends Line {
  readonly kind: 'stored'
  readonly client: string
  readonly copies: readonly number[]
}
export interface StoredEnd extends Line {
  readonly kind: 'stored-end'
  readonly rows: number
}
export interface Queued extends Line {
  readonly kind: 'queued'
  readonly client: string
  /** Numbers of this client's events, each once. */
  readonly events: readonly number[]
}
export interface QueuedEnd extends Line {
  readonly kind: 'queued-end'
  /** Entries of the queue, of this run or not. */
  readonly entries: number
}

export type SampleLine = Attempt | Drop | ClientSummary
export type ProbeLine =
  | CgroupProbe
  | HealthProbe
  | ServiceProbe
  | PostgresProbe
  | RedisProbe
  | GeneratorProbe
  | ProbeFailure
export type StoredLine = Stored | StoredEnd | Queued | QueuedEnd
