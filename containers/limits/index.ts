import { StackError } from '../../harness/errors.ts'
import type { Limits } from '../../harness/scenario.ts'
import { cgroupV1 } from './cgroup-v1.ts'
import type { LimitedGroup, Limiter } from './limiter.ts'

/** In order of preference: the first that works here is used. */
const limiters: readonly Limiter[] = [cgroupV1]

/** Makes a group with these limits by the best means that this machine has. Fails with a StackError that names every reason. */
export async function createLimitedGroup(
  name: string,
  limits: Limits,
  candidates: readonly Limiter[] = limiters,
): Promise<LimitedGroup> {
  const reasons: string[] = []
  for (const limiter of candidates) {
    const reason = await limiter.unavailable()
    if (reason === null) return limiter.create(name, limits)
    reasons.push(`${limiter.kind}: ${reason}`)
  }
  throw new StackError(`nothing here can limit the service's memory and CPU (${reasons.join('; ')})`, {
    hint: 'run as root on a host where control groups can be written',
  })
}
