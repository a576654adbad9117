import type { Limits } from '../../harness/scenario.ts'
import type { AppliedLimits, ResourceCounters } from '../../harness/stack.ts'

/** One way to limit the memory and CPU of a process. */
export interface Limiter {
  readonly kind: AppliedLimits['limiter']
  /** Why it cannot be used here, in words for the user, or null when it can. */
  unavailable(): Promise<string | null>
  /** Makes a group with these limits, in force and read back, or fails with a StackError. `name` must be free. */
  create(name: string, limits: Limits): Promise<LimitedGroup>
}

/** A group of processes under limits. Disposing ends what is left in it and removes it. */
export interface LimitedGroup extends AsyncDisposable {
  /** As read back from the kernel, not as asked for. */
  readonly limits: AppliedLimits
  readonly counters: ResourceCounters
  /** Starts a command inside the group, when put before it. It execs: process id, exit code and signal are the command's own. */
  readonly prefix: readonly string[]
}
