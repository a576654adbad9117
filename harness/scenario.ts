import { z } from 'zod'
import { arrivalsSchema } from './arrivals/index.ts'
import type { Described } from './schema.ts'

const paceSchema = z
  .object({ rrs: z.number(), everyMs: z.number() })
  .meta({ id: 'Pace', description: 'rrs of them every everyMs' })
/** When RRs are created: `rrs` of them every `everyMs`. Without a pace all are created at once. */
export type Pace = Described<typeof paceSchema>

export const emitters = ['per-rr', 'shared', 'direct', 'closed-loop'] as const
/**
 * How events get to the service: through a buffered client for each RR, through one for all, each by itself; or in a closed
 * loop, each RR's next one as soon as its last one was answered.
 */
export type Emitter = (typeof emitters)[number]

export const loadSchema = z
  .object({
    rrs: z.number().describe('RemediationRequests created in the burst'),
    eventsPerRr: z
      .number()
      .describe('audit events of each RR: 3 or 4 (started, one or two phase transitions, completed or failed)'),
    lifeMs: z.number().describe("from an RR's first event to its last, at most"),
    spreadMs: z.number().describe('the RRs of one batch are created within this time'),
    pace: paceSchema.nullable().describe('when RRs are created; null: all at once, unless arrivals says otherwise'),
    arrivals: arrivalsSchema
      .optional()
      .describe('when RRs are created, where it is neither all at once nor in batches; absent: as pace says'),
    replays: z
      .object({ run: z.string(), seed: z.number().describe('of that run: it gives the same moments again') })
      .optional()
      .describe('the recorded run whose RRs and events these are; absent: none'),
    queriesPerSec: z
      .number()
      .describe('queries by correlation id beside the writes, at a constant rate from the burst on'),
    approvalShare: z
      .number()
      .default(0)
      .describe('of the RRs: the share that asks for an approval, with two or three events more'),
    emitter: z
      .enum(emitters)
      .default('per-rr')
      .describe(
        'through a buffered client for each RR, through one for all, each event by itself, or closed-loop: the next event of an RR once its last one was answered',
      ),
    workers: z
      .number()
      .optional()
      .describe('threads that the clients are shared out to, for as many CPUs to send with; absent: one'),
  })
  .meta({ id: 'Load' })
export type Load = Described<typeof loadSchema>

export const clientOptionsSchema = z
  .object({
    bufferEvents: z.number(),
    batchEvents: z.number(),
    flushMs: z.number(),
    timeoutMs: z.number(),
    attempts: z.number(),
    retryPauseMs: z.number().describe('the pause after attempt n is n² times this'),
    retryJitter: z
      .number()
      .default(0)
      .describe('a pause is drawn evenly from (1 - retryJitter) to (1 + retryJitter) times what it would be'),
    onBusy: z
      .enum(['drop', 'wait'])
      .default('drop')
      .describe(
        'after a 429: drop the events, as after any 4xx, or wait as Retry-After says, which uses up no attempt',
      ),
    sendsIdempotencyKey: z
      .boolean()
      .default(false)
      .describe('whether a batch is sent with a key of its own, the same each time'),
  })
  .meta({ id: 'ClientOptions' })
/** The buffered audit client, as the real RemediationOrchestrator configures it. */
export type ClientOptions = Described<typeof clientOptionsSchema>

export const serviceOptionsSchema = z.object({
  profile: z.string().describe('how the stand-in behaves; never part of the evidence'),
  profileOptions: z.record(z.string(), z.number()),
  poolSize: z.number(),
  insert: z.enum(['row', 'bulk']).optional().describe('how a batch is inserted; absent: row by row'),
  abandoned: z
    .enum(['work', 'drop'])
    .optional()
    .describe('what becomes of a write whose client left before it was begun; absent: work on it all the same'),
  maxBacklog: z
    .number()
    .optional()
    .describe('write requests in progress from which on the next is answered with 429; absent: any number'),
  acquireLimitMs: z
    .number()
    .optional()
    .describe('how long a request waits for a connection of the pool; absent: as long as its own time limit'),
  restart: z
    .enum(['no', 'on-failure'])
    .optional()
    .describe('what the container engine does after the service died; absent: no'),
})
export type ServiceOptions = Described<typeof serviceOptionsSchema>

export const limitsSchema = z.object({
  memoryLimitBytes: z.number(),
  cpus: z.number(),
  memoryScope: z
    .enum(['service', 'stack'])
    .optional()
    .describe('whose memory the limit holds: the service alone (also when absent), or the whole stack together'),
})
export type Limits = Described<typeof limitsSchema>

export const phasesSchema = z.object({
  warmUpMs: z.number().describe('before the burst; must be free of errors'),
  warmUpConnections: z
    .number()
    .optional()
    .describe(
      'that send one event after another during the warm-up, for a service that has compiled its code before the burst; absent: one event and one query each half second',
    ),
  afterDeathMs: z.number().describe('how long to go on watching after the service died'),
  minMs: z
    .number()
    .optional()
    .describe('how long to watch at least, also after the load is over and worked off; absent: no longer than that'),
  maxMs: z.number().describe('the end at the latest; a run that gets here does not claim that the service survived'),
})
export type Phases = Described<typeof phasesSchema>

/** When the report's audit tests are run as checks against the API: before the load, or once it has ended. */
export const checksSchema = z.enum(['before-load', 'after-load'])
export type Checks = Described<typeof checksSchema>

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
  /** Absent: none are run. */
  readonly checks?: Checks | undefined
  readonly expect: Expectation
  /** What `npm run gate` holds a candidate to, such as `p99 +10 %`; without limits it is no gate scenario. */
  readonly gate?: readonly string[]
  /** What the gate's candidate has to keep by itself, such as `p99 < 250 ms between 5 s and 20 s`. */
  readonly thresholds?: readonly string[]
}

/** What can be claimed of a run in a word, and looked up in its verdict. */
export type Claim = 'crashes' | 'survives' | 'checks pass' | 'checks fail' | 'loses nothing' | 'stores nothing twice'

/** A scenario and the flags that are given to it. */
export interface Variant {
  readonly scenario: string
  readonly flags: Readonly<Record<string, string>>
}

/** Something that is said to help, as data: what it changes, and what was expected of it before any run. */
export interface Option {
  /** As `--only` takes it. */
  readonly name: string
  readonly what: string
  readonly run: Variant
  /** The same in a fifth of the time, with a calibration of its own. */
  readonly quick: Variant
  readonly expected: {
    readonly by: 'the report' | 'us'
    readonly words: string
    /** None: it promises nothing that a run could break. */
    readonly claims: readonly Claim[]
  }
}
