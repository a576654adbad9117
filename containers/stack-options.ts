import type { Limits, ServiceOptions } from '../harness/scenario.ts'

/** What to start, and where. */
export interface StackOptions {
  readonly runtime: 'auto' | 'embedded'
  /** How to limit the service: `auto` takes the first way that works here. */
  readonly limiter?: 'auto' | 'cgroup-v1' | 'cgroup-v2' | 'systemd' | 'watchdog' | undefined
  readonly service: ServiceOptions
  readonly limits: Limits
  /** The service's stdout and stderr go there. Its folder must exist. */
  readonly logFile: string
  /** Where the temporary folder is made: the system's temp folder unless given. */
  readonly workDirParent?: string | undefined
  /** Told about each step, and about what takes long the first time. */
  readonly onProgress?: ((message: string) => void) | undefined
  /** A program to run in place of the stand-in: it gets the same environment and logs the same line when it listens. */
  readonly serviceEntry?: string | undefined
}
