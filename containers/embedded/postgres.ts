import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { ProcessExit } from '../../harness/stack.ts'
import { type Child, startChild } from './child.ts'
import { onFreePort } from './free-port.ts'
import { createLineBuffer } from './line-buffer.ts'
import {
  copyFolder,
  giveTo,
  harnessRole,
  type PostgresBinaries,
  packagedBinaries,
  postgresTemplate,
  postgresVersion,
  serverSettings,
  serviceRole,
} from './postgres-template.ts'
import { unprivilegedRun } from './unprivileged.ts'

const readyMs = 15_000
/** A fast shutdown takes 12 ms here (fsync off). What it leaves is thrown away, so there is no reason to wait long. */
const stopGraceMs = 1_500

/** How to start PostgreSQL. */
export interface PostgresOptions {
  /** An existing folder, removed by the caller afterwards. */
  readonly folder: string
  /** Enters the control group that the server runs in. */
  readonly prefix?: readonly string[] | undefined
  readonly signal: AbortSignal
  readonly onProgress?: ((message: string) => void) | undefined
  /** Other binaries than the npm package's. */
  readonly binaries?: PostgresBinaries | undefined
}

/** A PostgreSQL server that answers queries. Disposing stops it. */
export interface Postgres extends AsyncDisposable {
  /** For the harness: a superuser, in the service's database. */
  readonly connectionString: string
  /** For the service: owner of its database, without a superuser's rights. */
  readonly serviceConnectionString: string
  readonly version: string
  readonly pid: number
  /** Of its first main process: a backend that is killed makes it restart the others, and stays out of this. */
  readonly exited: Promise<ProcessExit>
  /** Calls back with each line of the server's log, past ones first. */
  onLog(listener: (line: string) => void): void
  /** Shuts the server down as an operator would (fast), and returns when it is gone. */
  stop(): Promise<void>
  /** Starts it again, on the same data and port, after a stop. */
  start(signal: AbortSignal): Promise<void>
}

/** Starts a real PostgreSQL on 127.0.0.1 with a fresh database. Ready to query, or a StackError with its log. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { folder, signal, onProgress } = options
  const binaries = options.binaries ?? (await packagedBinaries())
  const version = await postgresVersion(binaries, signal)
  // A folder of its own: the user that PostgreSQL runs as must be able to make folders in it.
  const home = join(folder, 'postgres')
  const data = join(home, 'data')
  await mkdir(home, { mode: 0o711 })
  const user = await unprivilegedRun([binaries.postgres, home], signal)
  await giveTo(user, home, signal)
  onProgress?.(`starting PostgreSQL ${version}`)
  const template = await postgresTemplate(binaries, version, user, join(home, 'template'), signal)
  await copyFolder(template.data, data, signal)
  await giveTo(user, data, signal)
  const password = (await readFile(template.passwordFile, 'utf8')).trim()
  const urlFor = (role: string, port: number) => `postgres://${role}:${password}@127.0.0.1:${port}/${serviceRole}`

  const log = createLineBuffer()
  const startOn = async (port: number, wanted: AbortSignal): Promise<Child> => {
    const child = await startChild({
      name: 'PostgreSQL',
      // The group first: once the rights are dropped, no group can be entered.
      prefix: [...(options.prefix ?? []), ...user.prefix],
      command: [
        binaries.postgres,
        '-D',
        data,
        ...serverSettings({ port, listen_addresses: '127.0.0.1', unix_socket_directories: '' }),
      ],
      cwd: home,
      deathSignal: 'INT',
      onLine: log.add,
    })
    try {
      const wait = { timeoutMs: readyMs, signal: wanted }
      await child.line(/database system is ready to accept connections/, wait)
      await child.whileRunning(() => tryQuery(urlFor(harnessRole, port)), wait)
      return child
    } catch (error) {
      await child.stop('SIGINT', stopGraceMs)
      throw error
    }
  }

  return onFreePort(async (port) => {
    let child = await startOn(port, signal)
    const stop = () => child.stop('SIGINT', stopGraceMs)
    return {
      connectionString: urlFor(harnessRole, port),
      serviceConnectionString: urlFor(serviceRole, port),
      version,
      pid: child.pid,
      exited: child.exited,
      onLog: log.listen,
      stop,
      async start(wanted) {
        child = await startOn(port, wanted)
      },
      [Symbol.asyncDispose]: stop,
    }
  })
}

async function tryQuery(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  // A server that dies now is reported with its log, by the caller.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end().catch(() => {})
  }
}
