import { readdir, readFile, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import pg from 'pg'
import { InputError, messageOf, StackError } from '../../harness/errors.ts'
import type { Limits, ServiceOptions } from '../../harness/scenario.ts'
import { serviceRole } from '../embedded/postgres-template.ts'
import { runTool } from '../embedded/tool.ts'
import type { StackOptions } from '../stack-options.ts'
import { standInEnv } from '../stand-in-env.ts'

/** A program of the stand-in's, which is known by what it does alone. */
const migrations = join(import.meta.dirname, '..', 'datastorage', 'migrate.ts')
/** The stand-in's port inside its image. */
const standInPort = 8080

/**
 * Any image is told where its servers are by these words in the values of its variables, such as
 * `DB_DSN=host={postgres.host} port={postgres.port} user={postgres.user} password={postgres.password}`. Braces with
 * anything else in them stay as they are. Redis asks for no password; PostgreSQL's user owns its database and may create
 * roles in it.
 */
export const placeholders = [
  'postgres.host',
  'postgres.port',
  'postgres.user',
  'postgres.password',
  'postgres.database',
  'postgres.url',
  'redis.host',
  'redis.port',
  'redis.url',
] as const
type Placeholder = (typeof placeholders)[number]

/** What a variable can be mapped to, by the name of the flag; the value as that variable gets it. */
export const mappableKnobs: Readonly<Record<string, (service: ServiceOptions, limits: Limits) => string>> = {
  pool: ({ poolSize }) => String(poolSize),
  /** In bytes, such as for GOMEMLIMIT. */
  memory: (_, { memoryLimitBytes }) => String(memoryLimitBytes),
  cpus: (_, { cpus }) => String(cpus),
}

/** How the service is run in a container. */
export interface ServiceContainer {
  readonly port: number
  readonly readyPath: string
  readonly env: Readonly<Record<string, string>>
  readonly mounts: readonly string[]
  /** Makes its tables before it starts. `null`: it does so itself. */
  readonly schema: string | null
}

type Asked = Pick<StackOptions, 'subject' | 'subjectEnv' | 'service' | 'limits'>

/**
 * Checks what an image is given, before anything starts.
 *
 * @throws InputError with all problems
 */
export async function checkSubject({ subject, subjectEnv = {} }: Asked): Promise<void> {
  if (subject?.kind !== 'image') return
  const problems: string[] = []
  for (const [name, value] of Object.entries(subjectEnv)) {
    for (const word of wordsIn(value).filter((one) => !placeholders.some((known) => known === one))) {
      problems.push(`--datastorage-env ${name}: there is no {${word}}; there is: ${placeholders.map(brace).join(', ')}`)
    }
  }
  for (const knob of Object.keys(subject.knobs).filter((name) => !Object.hasOwn(mappableKnobs, name))) {
    problems.push(`no variable can be mapped to ${knob}: there is ${Object.keys(mappableKnobs).join(', ')}`)
  }
  for (const mount of subject.mounts) {
    const [source = ''] = mount.split(':')
    const isThere = isAbsolute(source) && (await stat(source).catch(() => null))
    // The engine would make an empty folder there.
    if (!isThere) problems.push(`--datastorage-mount ${mount}: there is no ${source}; give an absolute path`)
  }
  const { schema } = subject
  if (schema !== null && schema !== 'stand-in' && (await sqlFilesIn(schema)).length === 0) {
    problems.push(`--datastorage-schema ${schema}: is no folder with .sql files, nor the word stand-in`)
  }
  if (problems.length > 0) throw new InputError(problems)
}

/** What the service's container is given, for servers that the run's network knows as `postgres` and `redis`. */
export function describeService(
  { subject, subjectEnv = {}, service, limits }: Asked,
  password: string,
): ServiceContainer {
  const facts = factsOf(password)
  if (subject?.kind !== 'image') {
    return {
      port: standInPort,
      readyPath: '/health/ready',
      env: { DATABASE_URL: facts['postgres.url'], REDIS_URL: facts['redis.url'], ...standInEnv(service) },
      mounts: [],
      schema: null,
    }
  }
  const { port, readyPath, mounts, schema, knobs } = subject
  const ofKnobs = Object.entries(knobs).map(([knob, name]) => [name, mappableKnobs[knob]?.(service, limits) ?? ''])
  const ofUser = Object.entries(subjectEnv).map(([name, value]) => [name, fillIn(value, facts)])
  return { port, readyPath, mounts, schema, env: Object.fromEntries([...ofUser, ...ofKnobs]) }
}

function factsOf(password: string): Record<Placeholder, string> {
  return {
    'postgres.host': 'postgres',
    'postgres.port': '5432',
    'postgres.user': serviceRole,
    'postgres.password': password,
    'postgres.database': serviceRole,
    'postgres.url': `postgres://${serviceRole}:${password}@postgres:5432/${serviceRole}`,
    'redis.host': 'redis',
    'redis.port': '6379',
    'redis.url': 'redis://redis:6379',
  }
}

const wordPattern = /\{((?:postgres|redis)\.[^{}]*)\}/g

function wordsIn(value: string): string[] {
  return [...value.matchAll(wordPattern)].map(([, word]) => word ?? '')
}

function fillIn(value: string, facts: Readonly<Record<string, string>>): string {
  return value.replaceAll(wordPattern, (whole, word: string) => facts[word] ?? whole)
}

function brace(word: string): string {
  return `{${word}}`
}

/** Makes the tables: by the stand-in's migrations, or by a folder's SQL files in the order of their names. */
export async function makeSchema(schema: string, ownerConnectionString: string, signal: AbortSignal): Promise<void> {
  if (schema === 'stand-in') {
    await runTool([process.execPath, migrations], { env: { DATABASE_URL: ownerConnectionString }, signal })
    return
  }
  const client = new pg.Client({ connectionString: ownerConnectionString })
  client.on('error', () => {})
  await client.connect()
  try {
    for (const file of await sqlFilesIn(schema)) {
      await client.query(await readFile(file, 'utf8')).catch((cause: unknown) => {
        throw new StackError(`${file} failed: ${messageOf(cause)}`, {
          cause,
          hint: `it runs as the owner of its database, ${serviceRole}, who is no superuser`,
        })
      })
    }
  } finally {
    await client.end()
  }
}

async function sqlFilesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => [])
  const byNumber = new Intl.Collator('en', { numeric: true })
  return names
    .filter((name) => name.endsWith('.sql'))
    .sort(byNumber.compare)
    .map((name) => join(folder, name))
}
