/** When RRs are created: `rrs` of them every `everyMs`. Without a pace all are created at once. */
export interface Pace {
  readonly rrs: number
  readonly everyMs: number
}

/** How events get to the service: through a buffered client for each RR, through one for all, or each by itself. */
export const emitters = ['per-rr', 'shared', 'direct'] as const
export type Emitter = (typeof emitters)[number]

export interface Load {
  /** RemediationRequests created in the burst. */
  readonly rrs: number
  /** Audit events of each RR: 3 or 4 (started, one or two phase transitions, completed or failed). */
  readonly eventsPerRr: number
  /** From an RR's first event to its last, at most. */
  readonly lifeMs: number
  /** The RRs of one batch are created within this time. */
  readonly spreadMs: number
  readonly pace: Pace | null
  /** Queries by correlation id beside the writes, at a constant rate from the burst on. */
  readonly queriesPerSec: number
  /** Of the RRs: the share that asks for an approval, with two or three events more. */
  readonly approvalShare: number
  readonly emitter: Emitter
}

/** The buffered audit client, as the real RemediationOrchestrator configures it. */
export interface ClientOptions {
  readonly bufferEvents: number
  readonly batchEvents: number
  readonly flushMs: number
  readonly timeoutMs: number
  readonly attempts: number
  /** The pause after attempt n is n² times this. */
  readonly retryPauseMs: number
}

export interface ServiceOptions {
  /** How the stand-in behaves. Never part of the evidence. */
  readonly profile: string
  readonly profileOptions: Readonly<Record<string, number>>
  readonly poolSize: number
}

export interface Limits {
  readonly memoryLimitBytes: number
  readonly cpus: number
}

export interface Phases {
  /** Before the burst; must be free of errors. */
  readonly warmUpMs: number
  /** How long to go on watching after the service died. */
  readonly afterDeathMs: number
  /** The end at the latest. A run that gets here does not claim that the service survived. */
  readonly maxMs: number
}

/**
 * What a run is expected to show: `crash`, `survive`, `any` (a verdict, whichever), or the name of a hypothesis that
 * must stand in the verdict, such as `memory-limit`.
 */
export type Expectation = string

/** What we claim, as data: one file per scenario in `scenarios/`, complete, no defaults filled in elsewhere. */
export interface Scenario {
  readonly name: string
  readonly description: string
  readonly load: Load
  readonly client: ClientOptions
  readonly service: ServiceOptions
  readonly limits: Limits
  readonly phases: Phases
  readonly expect: Expectation
}
