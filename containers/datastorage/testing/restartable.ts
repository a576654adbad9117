/** For tests and benchmarks: a PostgreSQL and a Redis that keep their data and their ports over a restart. */
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type Child, startChild } from '../../embedded/child.ts'
import { onFreePort } from '../../embedded/free-port.ts'
import {
  copyFolder,
  giveTo,
  harnessRole,
  postgresTemplate,
  postgresVersion,
  serviceRole,
} from '../../embedded/postgres-template.ts'
import { findRedis } from '../../embedded/redis-binary.ts'
import { unprivilegedRun } from '../../embedded/unprivileged.ts'
import { testBinaries } from './postgres-binaries.ts'

const { signal } = new AbortController()
const wait = { timeoutMs: 30_000, signal }
const stopGraceMs = 10_000

/** A server that can be stopped and started again. Stopping is orderly, killing is not. */
export interface Restartable {
  start(): Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Two servers with their addresses. Disposing stops both and removes their files. */
export interface RestartableDatabases extends AsyncDisposable {
  readonly postgres: Restartable
  readonly redis: Restartable
  /** A superuser's URL. */
  readonly adminUrl: string
  readonly env: { DATABASE_URL: string; REDIS_URL: string }
}

/** Starts both. Redis writes each command to its append-only file before it answers. */
export async function startRestartable(): Promise<RestartableDatabases> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'datastorage-test-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const postgres = await preparePostgres(folder)
  const redis = await prepareRedis(folder)
  stack.defer(() => postgres.server.stop())
  stack.defer(() => redis.server.stop())
  const owned = stack.move()
  return {
    postgres: postgres.server,
    redis: redis.server,
    adminUrl: postgres.urlFor(harnessRole),
    env: { DATABASE_URL: postgres.urlFor(serviceRole), REDIS_URL: redis.url },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function preparePostgres(folder: string) {
  const binaries = await testBinaries()
  const version = await postgresVersion(binaries, signal)
  const home = join(folder, 'postgres')
  const data = join(home, 'data')
  await mkdir(home, { mode: 0o711 })
  // As root, PostgreSQL runs as another user, which must get through to its data.
  await chmod(folder, 0o711)
  const user = await unprivilegedRun([binaries.postgres, home], signal)
  await giveTo(user, home, signal)
  const template = await postgresTemplate(binaries, version, user, join(home, 'template'), signal)
  await copyFolder(template.data, data, signal)
  await giveTo(user, data, signal)
  const password = (await readFile(template.passwordFile, 'utf8')).trim()
  const urlFor = (role: string, port: number) => `postgres://${role}:${password}@127.0.0.1:${port}/${serviceRole}`

  // PostgreSQL's defaults, fsync among them, but for a socket folder that this user cannot write to.
  const options = (port: number) => [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=']
  const launch = async (port: number): Promise<Child> => {
    const child = await startChild({
      name: 'PostgreSQL',
      prefix: user.prefix,
      command: [binaries.postgres, '-D', data, ...options(port).flatMap((option) => ['-c', option])],
      cwd: home,
      deathSignal: 'INT',
    })
    await child.line(/database system is ready to accept connections/, wait)
    await child.whileRunning(() => answers(urlFor(harnessRole, port)), wait)
    return child
  }
  const { port, server } = await restartable(launch, 'SIGINT')
  return { server, urlFor: (role: string) => urlFor(role, port) }
}

async function prepareRedis(folder: string) {
  const binary = await findRedis(signal)
  const home = join(folder, 'redis')
  await mkdir(home, { mode: 0o700 })
  const launch = async (port: number): Promise<Child> => {
    const config = ['bind 127.0.0.1', `port ${port}`, `dir ${home}`, 'save ""', 'appendonly yes', 'appendfsync always']
    const child = await startChild({
      name: 'Redis',
      command: [binary.path, '-'],
      input: `${config.join('\n')}\n`,
      cwd: home,
      env: binary.env,
      deathSignal: 'KILL',
    })
    await child.line(/ready to accept connections/i, wait)
    return child
  }
  const { port, server } = await restartable(launch, 'SIGTERM')
  return { server, url: `redis://127.0.0.1:${port}` }
}

async function restartable(launch: (port: number) => Promise<Child>, stopSignal: NodeJS.Signals) {
  const first = await onFreePort(async (port) => ({ port, child: await launch(port) }))
  let child = first.child
  const server: Restartable = {
    async start() {
      child = await launch(first.port)
    },
    stop: () => child.stop(stopSignal, stopGraceMs),
    kill: () => child.stop('SIGKILL', stopGraceMs),
  }
  return { port: first.port, server }
}

async function answers(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end().catch(() => {})
  }
}
