import { z } from 'zod'
import { containerStateSchema, engineEventSchema, partSchema } from './engine.ts'
import { auditCheckSchema, errorClassSchema } from './sample.ts'
import type { Described } from './schema.ts'
import { appliedLimitsSchema, runtimeSchema } from './stack.ts'

const count = z.number()
const measured = z.number().nullable()

const roleSchema = z
  .enum(['trigger', 'amplifier', 'death', 'instrument'])
  .describe(
    'where a cause stands in the chain; instrument: the load generator itself, which makes all else inconclusive',
  )
export type Role = Described<typeof roleSchema>

const answerSchema = z
  .enum(['supported', 'refuted', 'inconclusive', 'not exercised'])
  .describe('not exercised: the run never got to where the claim could have shown')
export type Answer = Described<typeof answerSchema>

const observedSchema = z.object({
  result: z.enum(['seen', 'absent', 'not measurable']),
  because: z.string().describe('a measured fact in words'),
  refs: z.array(z.string()).describe('the lines of the record that show it, such as probes.ndjson:2714'),
  sinceMs: z
    .number()
    .optional()
    .describe('when the state began that was seen, where it is one that begins: milliseconds since the burst'),
})
/** What became of one prediction. `because` is a measured fact in words, `refs` the lines of the record that show it. */
export type Observed = Described<typeof observedSchema>

const observationSchema = z
  .object({ prediction: z.string(), necessary: z.boolean(), ...observedSchema.shape })
  .meta({ id: 'Observation', description: 'what became of one prediction' })
export type Observation = Described<typeof observationSchema>

const victimSchema = partSchema
  .optional()
  .describe("of a death: whose it is, where it is another part's than the service's, which may have lived on")

const findingSchema = z
  .object({
    hypothesis: z.string(),
    label: z.string(),
    role: roleSchema,
    claim: z.string(),
    answer: answerSchema,
    because: z.string(),
    observations: z.array(observationSchema),
    consequenceOf: z
      .string()
      .optional()
      .describe('the cause that brings this about by itself, and that was seen too: then it is no cause of its own'),
    part: victimSchema,
  })
  .meta({ id: 'Finding' })
export type Finding = Described<typeof findingSchema>

const chainLinkSchema = z
  .object({
    role: roleSchema,
    hypothesis: z.string(),
    leadsTo: z.string().nullable(),
    because: z.string().nullable(),
    part: victimSchema,
  })
  .meta({ id: 'ChainLink', description: 'a step of the chain, first things first, and what ties it to a later one' })
/** A step of the chain, first things first, and what ties it to the step after it. */
export type ChainLink = Described<typeof chainLinkSchema>

const errorSpanSchema = z
  .object({
    errorClass: errorClassSchema,
    count,
    firstMs: z.number(),
    lastMs: z.number(),
    perSecond: z
      .array(z.tuple([z.number(), z.number()]))
      .describe('errors in each second since the burst: [second, count]'),
    firstRef: z.string().describe('the line of the first one'),
  })
  .meta({
    id: 'ErrorSpan',
    description: 'when an error class was seen at the client; times in milliseconds since the burst',
  })
/** When an error class was seen at the client. Times in milliseconds since the burst. */
export type ErrorSpan = Described<typeof errorSpanSchema>

const timelineSchema = z.object({
  errors: z.array(errorSpanSchema),
  diedMs: measured,
  firstHealthFailureMs: measured,
  lastHealthOkMs: measured,
  startedAgainMs: z.array(z.number()).optional().describe('when the engine started the service again'),
  healthErrors: z
    .array(z.object({ errorClass: errorClassSchema, count, firstMs: z.number(), lastMs: z.number() }))
    .optional()
    .describe('how GET /health failed, by error class'),
  healthBackMs: measured.optional().describe('when the service was well again for the first time after its death'),
})
export type Timeline = Described<typeof timelineSchema>

const percentilesSchema = z
  .object({ count, p50Ms: z.number(), p95Ms: z.number(), p99Ms: z.number(), maxMs: z.number() })
  .meta({ id: 'Percentiles' })
export type Percentiles = Described<typeof percentilesSchema>

const latencySchema = z
  .object({
    response: percentilesSchema.nullable().describe('from the intended start: what the caller felt'),
    service: percentilesSchema.nullable().describe('from the actual start: what the service took'),
    sendDelay: percentilesSchema
      .nullable()
      .describe('actual minus intended start, before the first error: what the generator added'),
    sentLate: z
      .object({
        count: count.describe(
          'attempts that were sent later than is allowed after they were due, over all of the load',
        ),
        of: count.describe('attempts'),
        allowedMs: z.number(),
        maxMs: z.number().describe('the longest delay of all'),
        neverSent: count.describe('events that were due when the run ended, and had not come to their client yet'),
      })
      .optional()
      .describe('what could not be sent on time; absent in the first verdicts'),
  })
  .describe("of the load's attempts to write, timeouts included; null: there were none")
export type Latency = Described<typeof latencySchema>

const memorySchema = z.object({
  limiter: appliedLimitsSchema.shape.limiter.nullable(),
  scope: appliedLimitsSchema.shape.memoryScope.describe(
    'whose memory these figures are: of the service alone (also when absent), or of the whole stack together',
  ),
  limitBytes: measured,
  peakBytes: measured,
  baselineBytes: measured,
  seriesBytes: z
    .array(z.number())
    .describe('at most 60 values over the run, each the highest of its stretch: for a small picture'),
})
export type Memory = Described<typeof memorySchema>

const cpuLimitSchema = z
  .object({ limitCpus: measured, by: appliedLimitsSchema.shape.cpusBy.unwrap().nullable() })
  .describe('what held the service to its CPUs; null: not read back; no limit where it was held by nothing')
export type CpuLimit = Described<typeof cpuLimitSchema>

const ranInSchema = z
  .object({
    runtime: runtimeSchema,
    version: z.string().nullable().describe("the container engine's"),
    events: z
      .array(engineEventSchema)
      .describe("the engine's events that tell of an end, a pause or a start, from the burst on; in its own order"),
    containers: z
      .array(
        containerStateSchema.pick({ part: true, status: true, oomKilled: true, exitCode: true, restartCount: true }),
      )
      .describe('as the engine shows them after the run'),
    doubts: z.array(z.string()).describe("what the engine says and the kernel's own counters contradict"),
  })
  .describe('what ran the stack, and what it says of it: shown beside the findings, which do not trust OOMKilled')
export type RanIn = Described<typeof ranInSchema>

const accountingSchema = z
  .object({
    emitted: count,
    attempted: count,
    acknowledged: count,
    stored: measured,
    acknowledgedAndLost: measured.describe('acknowledged, and neither in the database nor in the dead-letter queue'),
    inDeadLetterQueue: measured.describe('acknowledged, not in the database yet, but in the dead-letter queue'),
    lost: measured
      .optional()
      .describe('neither in the database nor in the dead-letter queue after the run, whatever clients were told'),
    storedUnacknowledged: measured,
    storedMoreThanOnce: measured,
    droppedByClient: count,
    neverAttempted: count.describe('emitted, but the run ended before a first attempt'),
    unknown: count.describe('attempted, not acknowledged, not dropped, not found stored: open when the run ended'),
  })
  .describe('every event of the load, by its own id; null where the database, or the queue, was not read back')
export type Accounting = Described<typeof accountingSchema>

const recoverySchema = z
  .object({
    wasStarted: z.boolean().describe('whether the service had died and was started again'),
    readyMs: measured,
    queuedBefore: measured.describe('entries of the dead-letter queue when it was ready'),
    drainMs: measured.describe('how long the queue took to be empty; null: it was not'),
    cameBack: measured.describe('events that are in the database now, and were not before'),
    stored: measured,
    lost: measured,
    acknowledgedAndLost: measured,
    inDeadLetterQueue: measured,
    storedMoreThanOnce: measured,
  })
  .describe('what a second look found, after the service had been started again and its queue had been worked off')
export type Recovery = Described<typeof recoverySchema>

const plausibilitySchema = z
  .object({
    peakPendingEvents: measured,
    bytesPerPendingEvent: measured.describe(
      '(memory when the backlog peaked - baseline) / events pending then: what the memory would have to be spent on',
    ),
    bytesPerEventAsJson: measured,
    eventsPerSecEmitted: measured,
    attemptsPerSecSent: measured,
    attemptsPerEvent: measured,
    eventsPerRequest: measured,
    effectiveWriteRatePerSec: measured.describe('events/s committed while work was pending'),
    peakAbandonedRequests: measured.describe(
      'highest number of requests that the service worked on although no client waited for them',
    ),
    cpuUsedShare: measured.describe('of the CPU limit: the share used while RRs emitted events'),
    peakConnections: measured.describe('connections of the pool in use, at most'),
    poolSize: measured.describe('null: of a service whose pool nobody here knows'),
  })
  .describe('whether the numbers are plausible, beside what the report says')
export type Plausibility = Described<typeof plausibilitySchema>

const serviceFailureSchema = z
  .enum(['failed in the warm-up', 'died before the burst', 'not drained in time'])
  .describe("what the service did that left the outcome unknown; absent: nothing, or the instrument's fault as well")
export type ServiceFailure = Described<typeof serviceFailureSchema>

export const verdictSchema = z.object({
  schemaVersion: z.number(),
  run: z.string(),
  scenario: z.string(),
  outcome: z
    .enum(['crashed', 'survived', 'unknown'])
    .describe('unknown: the run ended before either could be claimed, or its evidence cannot be trusted'),
  serviceFailure: serviceFailureSchema.optional(),
  headline: z.string(),
  diedMs: measured,
  chain: z.array(chainLinkSchema).describe('causes that stand, as a chain where they form one; empty when none stands'),
  findings: z.array(findingSchema),
  missing: z.array(z.string()).describe('what could not be known, and why'),
  timeline: timelineSchema,
  memory: memorySchema,
  cpu: cpuLimitSchema,
  ranIn: ranInSchema.nullable().optional().describe('null: the record does not say'),
  latency: latencySchema,
  accounting: accountingSchema,
  recovery: recoverySchema.optional().describe('absent: nobody looked a second time, or could not'),
  plausibility: plausibilitySchema,
  checks: z
    .array(auditCheckSchema)
    .optional()
    .describe("the report's audit tests as checks against the API, where they were run; no part of any cause"),
  expectation: z.object({
    expected: z.string(),
    from: z.string(),
    held: z.boolean().nullable().describe('null: not known'),
    exitCode: z.number(),
    sentence: z.string(),
  }),
})
export type Verdict = Described<typeof verdictSchema>
