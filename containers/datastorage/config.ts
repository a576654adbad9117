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
