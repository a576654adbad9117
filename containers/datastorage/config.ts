/** Configuration: environment variables in, one checked object out. */
import { z } from 'zod'
import { findProfile, profiles } from './profiles/index.ts'

const count = (fallback: number, min: number, max: number) =>
  z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`)
    .default(fallback)

const ms = (fallback: number) => count(fallback, 1, 2 ** 31 - 1)

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

function readSchedule(raw: string): number[] | undefined {
  const delays = raw.split(',').map((part) => {
    const [, amount, unit] = /^\s*(\d{1,6})(ms|s|m|h)\s*$/.exec(part) ?? []
    return Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN)
  })
  return delays.some(Number.isNaN) ? undefined : delays
}

const schedule = z.string().transform((raw, context): number[] => {
  const delaysMs = readSchedule(raw)
  if (delaysMs) return delaysMs
  context.addIssue({ code: 'custom', message: 'must be a list of times such as 1m,5m,15m' })
  return z.NEVER
})

const address = (protocol: RegExp, example: string) => z.url({ protocol, error: `must be a URL such as ${example}` })

const jsonObject = z.string().transform((raw, context): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(raw)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Said below, in the same words as for JSON that is no object.
  }
  context.addIssue({ code: 'custom', message: 'must be a JSON object such as {"name": 1}' })
  return z.NEVER
})

const environment = z.object({
  /** Address to listen on; give 0.0.0.0 inside a container. */
  DATASTORAGE_HOST: z.string().default('127.0.0.1'),
  /** 0 takes any free port, which the log's `listening` line then names. */
  DATASTORAGE_PORT: count(8080, 0, 65_535),
  DATABASE_URL: address(/^postgres(ql)?$/, 'postgres://user:password@127.0.0.1:5432/audit'),
  REDIS_URL: address(/^rediss?$/, 'redis://127.0.0.1:6379'),
  /** Connections the pool may open, and how many of them it keeps when idle. */
  DATASTORAGE_POOL_MAX: count(25, 1, 1000),
  DATASTORAGE_POOL_IDLE: count(5, 0, 1000),
  DATASTORAGE_PROFILE: z.string().default('healthy'),
  DATASTORAGE_PROFILE_OPTIONS: jsonObject.default({}),
  /** `row`: a statement for each event of a batch, as the real service; `bulk`: one for all. */
  DATASTORAGE_INSERT: z.enum(['row', 'bulk'], 'must be row or bulk').default('row'),
  /** `same-pool`: each write is audited itself, by a second writer on the same pool, as the real service does. */
  DATASTORAGE_SELF_AUDIT: z.enum(['off', 'same-pool'], 'must be off or same-pool').default('off'),
  /** What becomes of a write whose client has left before it was begun: `work` on it all the same, or `drop` it. */
  DATASTORAGE_ABANDONED: z.enum(['work', 'drop'], 'must be work or drop').default('work'),
  /** Write requests that may be in progress; further ones are answered with 429 and Retry-After. 0: any number. */
  DATASTORAGE_MAX_BACKLOG: count(0, 0, 1_000_000),
  DATASTORAGE_RETRY_AFTER_S: count(1, 1, 3_600),
  /** How long a request may wait for a connection of the pool. 0: as long as its own time limit. */
  DATASTORAGE_ACQUIRE_LIMIT_MS: count(0, 0, 2 ** 31 - 1),
  /** Time limits: of the database for a request of each kind, of Redis, and for a request to arrive in full. */
  DATASTORAGE_SINGLE_LIMIT_MS: ms(5_000),
  DATASTORAGE_BATCH_LIMIT_MS: ms(30_000),
  DATASTORAGE_QUERY_LIMIT_MS: ms(10_000),
  DATASTORAGE_DLQ_LIMIT_MS: ms(3_000),
  DATASTORAGE_REQUEST_LIMIT_MS: ms(60_000),
  /** The dead-letter queue: how many events it takes, how often to look into it, when to retry, when to claim. */
  DATASTORAGE_DLQ_MAX_LENGTH: count(10_000, 1, 10_000_000),
  DATASTORAGE_DLQ_POLL_MS: ms(30_000),
  DATASTORAGE_DLQ_SCHEDULE: schedule.default(readSchedule('1m,5m,15m,1h,4h,24h') ?? []),
  DATASTORAGE_DLQ_CLAIM_IDLE_MS: ms(90_000),
  /** After SIGTERM: time for load balancers to see that it is not ready, for requests, for the dead-letter queue. */
  DATASTORAGE_SHUTDOWN_PAUSE_MS: count(5_000, 0, 3_600_000),
  DATASTORAGE_SHUTDOWN_DRAIN_MS: count(30_000, 0, 3_600_000),
  DATASTORAGE_SHUTDOWN_DLQ_MS: count(10_000, 0, 3_600_000),
  /** How often to see to the partitions of the coming months. */
  DATASTORAGE_PARTITIONS_EVERY_MS: ms(6 * 3_600_000),
  DATASTORAGE_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'must be a pino level such as info')
    .default('info'),
})

/** A checked configuration, its fields named as the environment variables are. */
export type Config = z.output<typeof environment>

/** Every problem of the environment at once, one line each. */
export class ConfigError extends Error {
  constructor(problems: string[]) {
    super(`datastorage cannot start, its environment is not right:\n${problems.map((p) => `  ${p}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

/**
 * Reads the configuration. A variable that is set but empty counts as not set.
 * @throws ConfigError that lists every variable with a problem
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  const problems = (parsed.error?.issues ?? []).map(({ path: [name], message }) =>
    given[String(name)] === undefined ? `${String(name)} is not set: it ${message}` : `${String(name)} ${message}`,
  )
  // Also when something else is wrong: a person should see every problem in one go.
  problems.push(...profileProblems(given.DATASTORAGE_PROFILE ?? 'healthy', given.DATASTORAGE_PROFILE_OPTIONS))
  if (parsed.success && parsed.data.DATASTORAGE_POOL_IDLE > parsed.data.DATASTORAGE_POOL_MAX) {
    problems.push('DATASTORAGE_POOL_IDLE must not be above DATASTORAGE_POOL_MAX')
  }
  if (parsed.success && parsed.data.DATASTORAGE_DLQ_CLAIM_IDLE_MS <= parsed.data.DATASTORAGE_DLQ_POLL_MS) {
    problems.push('DATASTORAGE_DLQ_CLAIM_IDLE_MS must be above DATASTORAGE_DLQ_POLL_MS: a live worker looks that often')
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems)
  return parsed.data
}

function profileProblems(name: string, rawOptions = '{}'): string[] {
  const profile = findProfile(name)
  if (!profile) return [`DATASTORAGE_PROFILE must be one of ${profiles.map((p) => p.name).join(', ')}, got "${name}"`]
  const options = jsonObject.safeParse(rawOptions)
  if (!options.success) return []
  const checked = profile.options.safeParse(options.data)
  return (checked.error?.issues ?? []).map(
    ({ path, message }) =>
      `DATASTORAGE_PROFILE_OPTIONS for ${name}: ${[path.join('.'), message].filter(Boolean).join(': ')}`,
  )
}
