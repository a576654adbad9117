import type { ServiceOptions } from '../harness/scenario.ts'

/** As the real service is configured. */
const idleConnections = 5

/** What a scenario says of the stand-in, as its environment: the same for every runtime. */
export function standInEnv(service: ServiceOptions): Record<string, string> {
  const { insert, abandoned, maxBacklog, acquireLimitMs } = service
  return {
    DATASTORAGE_PROFILE: service.profile,
    DATASTORAGE_PROFILE_OPTIONS: JSON.stringify(service.profileOptions),
    DATASTORAGE_POOL_MAX: String(service.poolSize),
    DATASTORAGE_POOL_IDLE: String(Math.min(idleConnections, service.poolSize)),
    ...(insert && { DATASTORAGE_INSERT: insert }),
    ...(abandoned && { DATASTORAGE_ABANDONED: abandoned }),
    ...(maxBacklog && { DATASTORAGE_MAX_BACKLOG: String(maxBacklog) }),
    ...(acquireLimitMs && { DATASTORAGE_ACQUIRE_LIMIT_MS: String(acquireLimitMs) }),
  }
}
