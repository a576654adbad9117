/** What a limiter enforces, as read back after it was set. `null` where this limiter cannot say. */
export interface AppliedLimits {
  /** How the limit is enforced: it decides how far a verdict about memory may go. */
  readonly limiter: 'cgroup-v1' | 'cgroup-v2' | 'systemd' | 'watchdog' | 'engine'
  readonly memoryLimitBytes: number | null
  /** Memory plus swap. Equal to the memory limit when swap is shut off. */
  readonly memoryAndSwapLimitBytes: number | null
  readonly cpus: number | null
}

/** One reading of a control group's counters. `null` where the counter does not exist on this host. */
export interface ResourceReading {
  readonly memoryBytes: number | null
  /** The kernel's own high-water mark: it sees spikes between two samples. */
  readonly memoryPeakBytes: number | null
  /** Anonymous memory: the usage without page cache. */
  readonly rssBytes: number | null
  readonly oomKills: number | null
  readonly cpuUsageMs: number | null
  readonly periods: number | null
  readonly throttledPeriods: number | null
  readonly throttledMs: number | null
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
