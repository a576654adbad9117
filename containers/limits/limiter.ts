import type { Limits } from '../../harness/scenario.ts'
import type { AppliedLimits, ResourceCounters, WatchdogKill } from '../../harness/stack.ts'

/** One way to limit the memory and CPU of a process. */
export interface Limiter {
  readonly kind: Exclude<AppliedLimits['limiter'], 'engine'>
  /** Why it cannot be used here, in words for the user, or null when it can. */
  unavailable(): Promise<string | null>
  /** Makes a group with these limits, in force and read back, or fails with a StackError. `name` must be free. */
  create(name: string, limits: Limits): Promise<LimitedGroup>
  /**
   * As `create`, for one memory limit over several parts; the CPUs are for a part to have. Absent where there is no way to
   * have it.
   */
  createShared?(name: string, limits: Limits): Promise<SharedGroup>
  /** Names of what exists where `create` makes groups, of any owner, also of nobody of ours. */
  list(): Promise<string[]>
  /** Ends what is left in a group and removes it. One that is gone already is fine. */
  remove(name: string): Promise<void>
}

/** A group of processes under limits. Disposing ends what is left in it and removes it. */
export interface LimitedGroup extends AsyncDisposable {
  /** As read back from the kernel, not as asked for. */
  readonly limits: AppliedLimits
  readonly counters: ResourceCounters
  /** Starts a command inside the group, when put before it. It execs: process id, exit code and signal are the command's own. */
  readonly prefix: readonly string[]
  /** Must be told of a process that was started with the prefix, where there is no kernel to see it enter. */
  adopt?(pid: number): void
  /** Resolves when the user-space watchdog has killed. Absent where a kernel limits. */
  readonly killedByWatchdog?: Promise<WatchdogKill>
}

/**
 * One memory limit over several parts. Whom the kernel kills at it is not known before: it takes the largest process of
 * all, not the one that asked for more. Disposing ends what is left in it, in groups inside it too, and removes all.
 */
export interface SharedGroup extends AsyncDisposable {
  /** As read back from the kernel. No CPU limit is part of it. */
  readonly limits: AppliedLimits
  /** Of all parts together. `oomKills` is null where the kernel counts a kill in the victim's own group alone. */
  readonly counters: ResourceCounters
  /** Where it stands in each hierarchy, such as `/culprit-…`: a container engine's "cgroup parent". */
  readonly path: string
  /**
   * Makes a part's own group inside: its own counters and, if given, its own CPU quota; its memory is limited by the whole
   * alone. Its `limits` are those of the whole, with these CPUs. Not needed for containers: an engine makes their groups.
   */
  createPart(name: string, cpus?: number): Promise<LimitedGroup>
}
