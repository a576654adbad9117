import { z } from 'zod'
import { containerStateSchema, engineEventSchema, partSchema } from './engine.ts'
import { type Described, line } from './schema.ts'
import { appliedLimitsSchema, processExitSchema, runtimeSchema, watchdogKillSchema } from './stack.ts'

/** One line of a record. `t` is in milliseconds since the burst; probes that start before it have negative times. */
export interface Line {
  readonly kind: string
  readonly t: number
}

const outcomeSchema = z
  .enum(['ok', 'failed', 'unknown'])
  .describe(
    'how an attempt ended; unknown: no answer came, so the service may or may not have done the work, and a retry may do it twice',
  )
export type Outcome = Described<typeof outcomeSchema>

export const errorClassSchema = z
  .enum(['reset', 'timeout', 'refused', 'connect-timeout', '5xx', '4xx', 'local'])
  .describe(
    'what the client saw; reset: the peer ended an open connection, by FIN or RST (errno and syscall tell which)',
  )
export type ErrorClass = Described<typeof errorClassSchema>

export const failureSchema = z
  .object({
    errorClass: errorClassSchema,
    code: z.string().optional(),
    errno: z.number().optional(),
    syscall: z.string().optional(),
    message: z.string().optional(),
  })
  .meta({ id: 'Failure' })
export type Failure = Described<typeof failureSchema>

const eventRangeSchema = z
  .object({ firstEvent: z.number(), events: z.number() })
  .meta({ id: 'EventRange', description: 'events of one client: firstEvent up to firstEvent + events - 1' })
export type EventRange = Described<typeof eventRangeSchema>

const attemptSchema = line('attempt', {
  phase: z.enum(['warm-up', 'load']),
  operation: z
    .enum(['write-batch', 'write-event', 'query'])
    .describe('write-batch and write-event carry events: an array of them, or a single one'),
  client: z.string().describe("the audit client that sent it, or the query's correlation id"),
  ...eventRangeSchema.shape,
  attempt: z.number().describe('1 for the first attempt at these events'),
  intendedMs: z.number(),
  startedMs: z.number(),
  endedMs: z.number(),
  outcome: outcomeSchema,
  status: z.number().nullable(),
  retryAfterMs: z.number().optional().describe('what the answer said in Retry-After'),
  failure: failureSchema.nullable(),
}).meta({ id: 'Attempt', description: 'one HTTP attempt; t = startedMs' })
/** samples.ndjson: one HTTP attempt. `t` = `startedMs`. */
export type Attempt = Described<typeof attemptSchema>

const dropSchema = line('drop', {
  client: z.string(),
  firstEvent: z.number().nullable().describe('null where the events never got a number: they found the buffer full'),
  events: z.number(),
  why: z.enum(['attempts-exhausted', 'rejected', 'buffer-full']),
}).meta({ id: 'Drop', description: 'the audit client gave events up' })
/** samples.ndjson: the audit client gave events up. */
export type Drop = Described<typeof dropSchema>

const clientSummarySchema = line('client', {
  client: z.string(),
  emitted: z.number().describe('events that it took'),
  unfinished: z.number().describe('events that wait, or are in an attempt'),
  inFlight: z
    .union([eventRangeSchema, z.array(eventRangeSchema)])
    .nullish()
    .describe(
      'requests in an attempt, or in the pause before a retry, when the run ended: sent, and nobody knows more; the first records have one range or null',
    ),
  jsonBytes: z.number().describe('size of its events as JSON, all together'),
  overdue: z
    .number()
    .optional()
    .describe(
      'events that had been due for more than 50 ms, and had not come to it: the generator was late; absent: none',
    ),
}).meta({ id: 'ClientSummary', description: 'what an audit client had done when the load ended' })
/** samples.ndjson: what an audit client had done when the load ended. */
export type ClientSummary = Described<typeof clientSummarySchema>

export const auditCheckSchema = z.object({
  name: z.string().describe("as the report's test is called"),
  result: z.enum(['passed', 'failed']),
  because: z.string(),
  tookMs: z.number(),
})
/** One of the report's audit tests, as a check against the API: its events were written, and read back. */
export type AuditCheck = Described<typeof auditCheckSchema>

const endReasonSchema = z
  .enum(['drained', 'load-over', 'died', 'time-limit', 'interrupted', 'error'])
  .describe('load-over: all clients were done, and nothing here can see whether the service has work left')
export type EndReason = Described<typeof endReasonSchema>

/** events.ndjson */
export const runEventSchema = z.discriminatedUnion('kind', [
  line('limits', appliedLimitsSchema.shape).meta({ id: 'Limits', description: 'the limits as read back' }),
  line('stack-ready', {
    runtime: runtimeSchema.optional().describe('absent in records from before there was a choice'),
    pid: z.number().nullable(),
    versions: z.record(z.string(), z.string()),
  }).meta({ id: 'StackReady' }),
  line('warm-up', { attempts: z.number(), failed: z.number() }).meta({ id: 'WarmUp' }),
  line('burst', { at: z.string().describe('ISO 8601') }).meta({ id: 'Burst', description: 'the zero of every t' }),
  line('exit', processExitSchema.shape).meta({ id: 'Exit', description: "the service's own end" }),
  line('watchdog-kill', watchdogKillSchema.shape).meta({
    id: 'WatchdogKill',
    description: 'the user-space watchdog says that it killed the service',
  }),
  line('part-exit', { part: partSchema, ...processExitSchema.shape }).meta({
    id: 'PartExit',
    description: 'another part of the stack ended, before the harness stopped it',
  }),
  line('engine', engineEventSchema.shape).meta({
    id: 'EngineEvent',
    description: "an event of the container engine's stream; t is when it reached us",
  }),
  line('inspect', { when: z.enum(['before', 'after']), ...containerStateSchema.shape }).meta({
    id: 'Inspect',
    description: 'a container as the engine shows it, before the burst and after the run',
  }),
  line('stderr', { line: z.string() }).meta({ id: 'Stderr' }),
  line('check', auditCheckSchema.shape).meta({
    id: 'AuditCheck',
    description: 'a check against the API, outside of the time that is watched; t is when it was noted',
  }),
  line('recovery', {
    wasStarted: z.boolean().describe('whether the service had died and was started again'),
    readyMs: z.number().nullable().describe('from there until it was ready; null: it did not get that far'),
    queuedBefore: z.number().nullable().describe('entries of the dead-letter queue when it was ready'),
    queuedAfter: z.number().nullable().describe('and when it was empty, or when nobody waited any longer'),
    drainMs: z.number().nullable().describe('how long the queue took to be empty; null: it was not'),
    problem: z.string().nullable().describe('why there is no second reading; null: there is one'),
  }).meta({ id: 'Recovery', description: 'what was done after the run to see what comes back' }),
  line('end', { reason: endReasonSchema, message: z.string().optional() }).meta({ id: 'End' }),
])
export type RunEvent = Described<typeof runEventSchema>

const storedSchema = line('stored', {
  client: z.string(),
  copies: z.array(z.number()).describe('how often each event of this client is in the database: copies[n] for event n'),
}).meta({ id: 'Stored' })
export type Stored = Described<typeof storedSchema>

const storedEndSchema = line('stored-end', { rows: z.number() }).meta({
  id: 'StoredEnd',
  description: 'the database was read back to the end',
})
const queuedSchema = line('queued', {
  client: z.string(),
  events: z.array(z.number()).describe("numbers of this client's events that wait in the dead-letter queue, each once"),
}).meta({ id: 'Queued' })
export type Queued = Described<typeof queuedSchema>

const queuedEndSchema = line('queued-end', {
  entries: z.number().describe('entries of the queue, of this run or not'),
}).meta({ id: 'QueuedEnd', description: 'the dead-letter queue was read back to the end' })

const storedAgainSchema = line('stored-again', {
  client: z.string(),
  copies: storedSchema.shape.copies,
}).meta({ id: 'StoredAgain', description: 'as stored, read after the recovery' })
const storedEndAgainSchema = line('stored-end-again', { rows: z.number() }).meta({ id: 'StoredEndAgain' })
const queuedAgainSchema = line('queued-again', {
  client: z.string(),
  events: queuedSchema.shape.events,
}).meta({ id: 'QueuedAgain', description: 'as queued, read after the recovery' })
const queuedEndAgainSchema = line('queued-end-again', { entries: z.number() }).meta({ id: 'QueuedEndAgain' })

/** samples.ndjson */
export const sampleLineSchema = z.discriminatedUnion('kind', [attemptSchema, dropSchema, clientSummarySchema])
export type SampleLine = Described<typeof sampleLineSchema>

/**
 * stored.ndjson: what became of each event in the end. The queue is read before the database: an event that leaves it
 * meanwhile for the database is seen there.
 */
export const storedLineSchema = z.discriminatedUnion('kind', [
  storedSchema,
  storedEndSchema,
  queuedSchema,
  queuedEndSchema,
  storedAgainSchema,
  storedEndAgainSchema,
  queuedAgainSchema,
  queuedEndAgainSchema,
])
export type StoredLine = Described<typeof storedLineSchema>
