import { StackError } from '../../harness/errors.ts'
import type { Limits } from '../../harness/scenario.ts'
import { cgroupV1 } from './cgroup-v1.ts'
import { cgroupV2 } from './cgroup-v2.ts'
import type { LimitedGroup, Limiter, SharedGroup } from './limiter.ts'
import { systemd } from './systemd.ts'
import { watchdog } from './watchdog.ts'

/** In order of preference: the first that works here is used. */
export const limiters: readonly Limiter[] = [cgroupV1, cgroupV2, systemd, watchdog]

/** Which way to limit, and whom to tell. */
export interface LimiterChoice {
  /** `auto`: the first of the candidates that works here. */
  readonly limiter?: Limiter['kind'] | 'auto' | undefined
  readonly onProgress?: ((message: string) => void) | undefined
  readonly candidates?: readonly Limiter[]
}

/** Makes a group with these limits by the way chosen. Fails with a StackError that names every reason. */
export async function createLimitedGroup(
  name: string,
  limits: Limits,
  { limiter: chosen = 'auto', onProgress, candidates = limiters }: LimiterChoice = {},
): Promise<LimitedGroup> {
  const reasons: string[] = []
  for (const limiter of candidates.filter(({ kind }) => chosen === 'auto' || kind === chosen)) {
    const reason = await limiter.unavailable()
    if (reason !== null) {
      reasons.push(`${limiter.kind}: ${reason}`)
      continue
    }
    if (limiter.kind === 'watchdog' && reasons.length > 0) {
      onProgress?.(`memory is limited by a user-space watchdog, not a kernel limit (${reasons.join('; ')})`)
    }
    const group = await limiter.create(name, limits)
    const { cpusWhyNot } = group.limits
    if (cpusWhyNot) onProgress?.(`the limit of ${limits.cpus} CPUs is NOT in force: ${cpusWhyNot}`)
    return group
  }
  const what = chosen === 'auto' ? 'nothing here can limit' : `${chosen} cannot limit`
  throw new StackError(`${what} the service's memory and CPU (${reasons.join('; ')})`, {
    hint:
      chosen === 'auto'
        ? 'run as root on a host where control groups can be written'
        : 'leave --limiter out: the best way that works here is then taken',
  })
}

/**
 * Makes a group with one memory limit over several parts, by the way chosen. Fails with a StackError that names every
 * reason: only control groups can hold several parts in one limit, and only root may make them.
 */
export async function createSharedGroup(
  name: string,
  limits: Limits,
  { limiter: chosen = 'auto', candidates = limiters }: LimiterChoice = {},
): Promise<SharedGroup> {
  const reasons: string[] = []
  for (const limiter of candidates.filter(({ kind }) => chosen === 'auto' || kind === chosen)) {
    const reason = limiter.createShared ? await limiter.unavailable() : 'limits one part alone'
    if (reason === null && limiter.createShared) return limiter.createShared(name, limits)
    reasons.push(`${limiter.kind}: ${reason}`)
  }
  throw new StackError(`nothing here can hold the whole stack in one memory limit (${reasons.join('; ')})`, {
    hint: 'run as root where control groups can be written, or leave --memory-scope stack out',
  })
}
