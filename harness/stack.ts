/** What a limiter enforces, as read back after it was set. `null` where this limiter cannot say. */
export interface AppliedLimits {
  /** How the limit is enforced: it decides how far a verdict about memory may go. */
  readonly limiter: 'cgroup-v1' | 'cgroup-v2' | 'systemd' | 'watchdog' | 'engine'
  readonly memoryLimitBytes: number | null
  /** Memory plus swap. Equal to the memory limit when swap is shut off. */
  readonly memoryAndSwapLimitBytes: number | null
  /** `null`: no CPU limit is in force. */
  readonly cpus: number | null
  /**
   * What holds the service to its CPUs: the kernel's CFS quota, being pinned to so many of them, or nothing. Absent in
   * records from before there was anything but a quota.
   */
  readonly cpusBy?: 'quota' | 'affinity' | 'nothing'
  /** Why the CPU limit that was asked for is not in force. */
  readonly cpusWhyNot?: string
}

/** The user-space watchdog's own word that it killed the service. */
export interface WatchdogKill {
  readonly why: 'above the limit' | 'the watchdog failed'
  readonly memoryBytes: number
  /** By `process.hrtime`. */
  readonly atNs: bigint
  /** The longest time between two of its looks until then. */
  readonly longestPauseMs: number
}

/**
 * One reading of a control group's counters, or of what stands in for one. `null` where the counter does not exist on
 * this host.
 */
export interface ResourceReading {
  readonly memoryBytes: number | null
  /** The kernel's own high-water mark: it sees spikes between two samples. */
  readonly memoryPeakBytes: number | null
  /** Anonymous memory: the usage without page cache. */
  readonly rssBytes: number | null
  /** Of the group; of the whole machine where there is no group. */
  readonly oomKills: number | null
  readonly cpuUsageMs: number | null
  readonly periods: number | null
  readonly throttledPeriods: number | null
  readonly throttledMs: number | null
  /** Time that threads were ready to run and had no CPU, all together: what throttling is to a quota. Read for pinning only. */
  readonly cpuWaitMs?: number | null
}

/** Counters on kept-open files: they can be read until the group is removed, also after the process died. */
export interface ResourceCounters {
  read(): ResourceReading
}

export interface ProcessExit {
  readonly pid: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The service under test. Nothing downstream knows how it is run, except through the record. */
export interface Service {
  /** Such as `http://127.0.0.1:43127`. */
  readonly baseUrl: string
  readonly pid: number | null
  readonly limits: AppliedLimits
  readonly counters: ResourceCounters | null
  /** Resolves when the service's main process has ended, for whatever reason. */
  readonly exited: Promise<ProcessExit>
  /** Resolves when the user-space watchdog has killed the service. Absent where a kernel limits it. */
  readonly killedByWatchdog?: Promise<WatchdogKill> | undefined
  /** Calls back with each line the service writes to stderr. */
  onStderr(listener: (line: string) => void): void
}

/** A started stack: all parts ready. Disposing it stops them in reverse order and removes what they left. */
export interface Stack extends AsyncDisposable {
  readonly runtime: 'embedded' | 'docker' | 'podman'
  readonly versions: Readonly<Record<'postgres' | 'redis', string>>
  readonly datastorage: Service
  readonly postgres: { readonly connectionString: string }
  readonly redis: { readonly url: string }
}
