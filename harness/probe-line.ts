/** What the probes read while a load runs: the lines of probes.ndjson. */
import { z } from 'zod'
import { partSchema } from './engine.ts'
import { failureSchema } from './sample.ts'
import { type Described, line } from './schema.ts'
import { resourceReadingSchema } from './stack.ts'

const cgroupSchema = line('cgroup', resourceReadingSchema.shape).meta({
  id: 'CgroupProbe',
  description:
    "the control group's counters, or the watchdog's in their place; null where the counter does not exist on this host",
})
/** probes.ndjson */
export type CgroupProbe = Described<typeof cgroupSchema>

const partProbeSchema = line('part', {
  part: partSchema.or(z.literal('stack')).describe('stack: the group that holds all of them, under a limit over all'),
  ...resourceReadingSchema.shape,
}).meta({
  id: 'PartProbe',
  description: 'the counters of one part of the stack, or of all, under a limit over the whole stack',
})
/** probes.ndjson */
export type PartProbe = Described<typeof partProbeSchema>

const pathSchema = line('path', {
  path: z
    .enum(['published', 'direct'])
    .describe("through the engine's forwarding, or straight to the container's address"),
  tookMs: z.number(),
  status: z.number().nullable(),
  failure: failureSchema.nullable(),
}).meta({
  id: 'PathProbe',
  description: 'GET /health by both ways at the same moment; t is when the answer, or the failure, came',
})
/** probes.ndjson: the same question by both ways to the service. */
export type PathProbe = Described<typeof pathSchema>

const healthSchema = line('health', {
  tookMs: z.number(),
  status: z.number().nullable(),
  failure: failureSchema.nullable(),
}).meta({
  id: 'HealthProbe',
  description: 'GET /health on a connection of its own; t is when the answer, or the failure, came',
})
/** probes.ndjson: GET /health on a connection of its own. `t` is when the answer, or the failure, came. */
export type HealthProbe = Described<typeof healthSchema>

const serviceSchema = line('service', {
  requestsInProgress: z.number().nullable(),
  requestsAwaitingAnswer: z.number().nullable(),
  requestsAbandoned: z.number().nullable(),
  requestsReset: z.number().nullable(),
  eventsPending: z.number().nullable(),
  eventsWritten: z.number().nullable(),
  poolInUse: z.number().nullable(),
  poolIdle: z.number().nullable(),
  poolWaiting: z.number().nullable(),
  poolMax: z.number().nullable(),
}).meta({
  id: 'ServiceProbe',
  description: "the service's own figures, from its metrics; null: this service does not publish it",
})
/** probes.ndjson: the service's own figures, from its Prometheus metrics. `null`: this service does not publish it. */
export type ServiceProbe = Described<typeof serviceSchema>

const postgresSchema = line('postgres', {
  active: z.number(),
  idle: z.number(),
  idleInTransaction: z.number(),
  lockWaits: z.number().describe('sessions that wait for a lock'),
  waits: z.record(z.string(), z.number()).describe('sessions by wait event type, such as Lock, IO, Client'),
  longestTransactionMs: z.number(),
  deadlocks: z.number(),
  commits: z.number(),
  rollbacks: z.number(),
  rowsInserted: z.number(),
}).meta({ id: 'PostgresProbe', description: "the service's sessions and its database, as PostgreSQL sees them" })
/** probes.ndjson: what PostgreSQL says of the service's sessions and of its database. */
export type PostgresProbe = Described<typeof postgresSchema>

const redisSchema = line('redis', {
  pingMs: z.number(),
  usedMemoryBytes: z.number(),
  dlqLength: z.number().describe('entries of the dead-letter queue'),
}).meta({ id: 'RedisProbe' })
/** probes.ndjson */
export type RedisProbe = Described<typeof redisSchema>

const heartbeatSchema = line('heartbeat', {
  tookMs: z.number(),
  status: z.number().nullable(),
  failure: failureSchema.nullable(),
}).meta({
  id: 'Heartbeat',
  description:
    'GET /health/live, one after another: any answer at all shows that the service still serves; t is when the answer, or the failure, came',
})
/** probes.ndjson: whether the service still serves at all. `t` is when the answer, or the failure, came. */
export type Heartbeat = Described<typeof heartbeatSchema>

const processStateSchema = line('process-state', {
  state: z.string().describe('of the main thread, as in /proc: R runs, S sleeps, D waits for a device, T is stopped'),
  cpuMs: z.number().describe('CPU time of all threads'),
  mainThreadCpuMs: z.number().describe("CPU time of the main thread alone: a Node service's event loop"),
}).meta({ id: 'ProcessState', description: "the service's main process, as the kernel sees it from outside" })
/** probes.ndjson: the service's main process, as the kernel sees it from outside. */
export type ProcessState = Described<typeof processStateSchema>

const postgresLogSchema = line('postgres-log', {
  pid: z.number(),
  sqlState: z.string().describe('such as 40P01; 00000: no error'),
  severity: z.string().describe('such as ERROR, FATAL, LOG'),
  message: z.string(),
}).meta({ id: 'PostgresLog', description: "a line of PostgreSQL's own log; t is when it reached us" })
/** probes.ndjson: a line of PostgreSQL's own log. `t` is when it reached us. */
export type PostgresLog = Described<typeof postgresLogSchema>

const probeFailureSchema = line('probe-failed', {
  probe: z.enum(['service', 'postgres', 'redis', 'cgroup', 'part', 'engine']),
  message: z.string(),
  code: z.string().optional().describe("the error's code, such as ECONNREFUSED or 57P03, where it has one"),
}).meta({ id: 'ProbeFailure', description: 'a probe that got no answer, and why' })
/** probes.ndjson: a probe that got no answer, and why. */
export type ProbeFailure = Described<typeof probeFailureSchema>

const generatorSchema = line('generator', {
  eventLoopDelayP99Ms: z.number(),
  eventLoopDelayMaxMs: z.number(),
  cpuPercent: z.number(),
  rssBytes: z.number(),
}).meta({ id: 'GeneratorProbe', description: 'the load generator itself, over the second that ends at t' })
/** probes.ndjson: the load generator itself, over the second that ends at `t`. */
export type GeneratorProbe = Described<typeof generatorSchema>

/** probes.ndjson */
export const probeLineSchema = z.discriminatedUnion('kind', [
  cgroupSchema,
  partProbeSchema,
  pathSchema,
  healthSchema,
  serviceSchema,
  postgresSchema,
  redisSchema,
  heartbeatSchema,
  processStateSchema,
  postgresLogSchema,
  generatorSchema,
  probeFailureSchema,
])
export type ProbeLine = Described<typeof probeLineSchema>
