import { z } from 'zod'
import type { Engine, PartName } from './engine.ts'
import type { Described } from './schema.ts'

export const runtimeSchema = z
  .enum(['embedded', 'docker', 'podman', 'target'])
  .describe('what runs the stack: processes of our own, a container engine, or, for a target, somebody else')
export type Runtime = Described<typeof runtimeSchema>

export const appliedLimitsSchema = z.object({
  limiter: z
    .enum(['cgroup-v1', 'cgroup-v2', 'systemd', 'watchdog', 'engine'])
    .describe('how the limit is enforced: it decides how far a verdict about memory may go'),
  memoryLimitBytes: z.number().nullable(),
  memoryAndSwapLimitBytes: z
    .number()
    .nullable()
    .describe('memory plus swap: equal to the memory limit when swap is shut off'),
  cpus: z.number().nullable().describe('null: no CPU limit is in force'),
  cpusBy: z
    .enum(['quota', 'affinity', 'nothing'])
    .optional()
    .describe(
      "what holds the service to its CPUs: the kernel's CFS quota, being pinned to so many of them, or nothing; absent in records from before there was anything but a quota",
    ),
  memoryScope: z
    .enum(['service', 'stack'])
    .optional()
    .describe('whose memory the limit holds: the service alone (also when absent), or the whole stack together'),
  countersFrom: z
    .enum(['cgroup', 'engine-stats'])
    .optional()
    .describe(
      "where the counters come from: the control group's own files (also when absent), or the engine, once a second, where this machine cannot see the group",
    ),
  cpusWhyNot: z.string().optional().describe('why the CPU limit that was asked for is not in force'),
})
/** What a limiter enforces, as read back after it was set. `null` where this limiter cannot say. */
export type AppliedLimits = Described<typeof appliedLimitsSchema>

export const watchdogKillSchema = z.object({
  why: z.enum(['above the limit', 'the watchdog failed']),
  memoryBytes: z.number(),
  longestPauseMs: z.number().describe('the longest time between two looks of the watchdog until then'),
})
/** The user-space watchdog's own word that it killed the service. */
export interface WatchdogKill extends Described<typeof watchdogKillSchema> {
  /** By `process.hrtime`. */
  readonly atNs: bigint
}

export const resourceReadingSchema = z.object({
  memoryBytes: z.number().nullable(),
  memoryPeakBytes: z
    .number()
    .nullable()
    .describe("the kernel's own high-water mark: it sees spikes between two samples"),
  rssBytes: z.number().nullable().describe('anonymous memory: the usage without page cache'),
  shmemBytes: z
    .number()
    .nullable()
    .optional()
    .describe("shared memory, such as PostgreSQL's buffers: counted as page cache, but the kernel cannot drop it"),
  oomKills: z.number().nullable().describe('of the group; of the whole machine where there is no group'),
  cpuUsageMs: z.number().nullable(),
  periods: z.number().nullable(),
  throttledPeriods: z.number().nullable(),
  throttledMs: z.number().nullable(),
  cpuWaitMs: z
    .number()
    .nullable()
    .optional()
    .describe(
      'time that threads were ready to run and had no CPU, all together: what throttling is to a quota; read for pinning only',
    ),
})
/**
 * One reading of a control group's counters, or of what stands in for one. `null` where the counter does not exist on
 * this host.
 */
export type ResourceReading = Described<typeof resourceReadingSchema>

/** Counters on kept-open files: they can be read until the group is removed, also after the process died. */
export interface ResourceCounters {
  read(): ResourceReading
}

export const processExitSchema = z.object({
  pid: z.number(),
  code: z.number().nullable(),
  signal: z.string().nullable().describe('such as SIGKILL'),
})
export type ProcessExit = Described<typeof processExitSchema>

/** The service under test. Nothing downstream knows how it is run, except through the record. */
export interface Service {
  /** Such as `http://127.0.0.1:43127`. */
  readonly baseUrl: string
  /** Where the same service answers without the engine's forwarding in between. Absent where there is only one path. */
  readonly directUrl?: string | undefined
  /** Where it says whether it is well; `/health` unless given. */
  readonly healthPath?: string | undefined
  readonly pid: number | null
  /** Sends it SIGKILL, as somebody outside might. Absent where nobody here can. */
  kill?(): Promise<void>
  /** `null`: it is not ours to limit, and nobody here knows what limits it. */
  readonly limits: AppliedLimits | null
  readonly counters: ResourceCounters | null
  /** Resolves when the service's main process has ended for the first time, for whatever reason. Never, if nobody can tell. */
  readonly exited: Promise<ProcessExit>
  /** Resolves when the user-space watchdog has killed the service. Absent where a kernel limits it. */
  readonly killedByWatchdog?: Promise<WatchdogKill> | undefined
  /** Calls back with each line the service writes to stderr. */
  onStderr(listener: (line: string) => void): void
}

/** A part of the stack beside the service, as far as it can be watched. */
export interface Part {
  readonly name: Exclude<PartName, 'datastorage'>
  readonly counters: ResourceCounters | null
  readonly exited: Promise<ProcessExit>
}

/** The database. What is absent cannot be had where it runs. */
export interface Database {
  readonly connectionString: string
  /** Calls back with each line of its own log, past ones first; a line begins with `time [pid] SQLSTATE SEVERITY:`. */
  onLog?(listener: (line: string) => void): void
  /** Shuts it down as an operator would, and returns when it is gone. */
  stop?(): Promise<void>
  /** Starts it again, on the same data and address. */
  start?(signal: AbortSignal): Promise<void>
}

/** A started stack: all parts ready. Disposing it stops them in reverse order and removes what they left. */
export interface Stack extends AsyncDisposable {
  readonly runtime: Runtime
  readonly versions: Readonly<Record<string, string>>
  readonly datastorage: Service
  /** `null`: not ours to look into. */
  readonly postgres: Database | null
  readonly redis: { readonly url: string } | null
  /** The other parts, where they are watched one by one: under a limit over the whole stack. */
  readonly parts?: readonly Part[] | undefined
  /** The counters of the group that holds the whole stack, where a limit holds it. `datastorage.counters` are its own then. */
  readonly sharedCounters?: ResourceCounters | undefined
  /** Starts a service that has died again, on the same database and queue, and returns when it is ready. Absent: nobody can. */
  startAgain?(signal: AbortSignal): Promise<void>
  /** Absent where no engine runs it. */
  readonly engine?: Engine | undefined
}
