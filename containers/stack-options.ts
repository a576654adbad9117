import type { Limits, ServiceOptions } from '../harness/scenario.ts'
import type { Subject } from '../harness/subject.ts'

/** What to start, and where. */
export interface StackOptions {
  readonly runtime: 'auto' | 'embedded' | 'docker' | 'podman' | 'target'
  /** How to limit the service: `auto` takes the first way that works here. */
  readonly limiter?: 'auto' | 'cgroup-v1' | 'cgroup-v2' | 'systemd' | 'watchdog' | undefined
  readonly service: ServiceOptions
  /** What is tested; the stand-in unless given. */
  readonly subject?: Subject | undefined
  /** Values of the variables that an image is given, by the names in `subject.env`. */
  readonly subjectEnv?: Readonly<Record<string, string>> | undefined
  /** Images instead of the usual ones. */
  readonly images?: { readonly postgres?: string | undefined; readonly redis?: string | undefined } | undefined
  readonly limits: Limits
  /** Whether the database is stopped and started again in mid-run: then its data must not be in memory alone. */
  readonly stopsDatabase?: boolean | undefined
  /** The service's stdout and stderr go there. Its folder must exist. */
  readonly logFile: string
  /** Where the temporary folder is made: the system's temp folder unless given. */
  readonly workDirParent?: string | undefined
  /** Told about each step, and about what takes long the first time. */
  readonly onProgress?: ((message: string) => void) | undefined
  /**
   * A program to run in place of the stand-in: it gets the same environment and logs the same line when it listens. An engine
   * gets an image of the folder that it lies in.
   */
  readonly serviceEntry?: string | undefined
}
