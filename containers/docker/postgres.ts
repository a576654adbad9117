import { randomBytes } from 'node:crypto'
import { PostgreSqlContainer } from '@testcontainers/postgresql'
import type { HostConfig } from 'dockerode'
import pg from 'pg'
import { createLineBuffer } from '../embedded/line-buffer.ts'
import { harnessRole, serverSettings, serviceRole, setUpSql } from '../embedded/postgres-template.ts'
import { askUntilReady, type RunContext, type StartedPart, startPart } from './part.ts'

const readyMs = 60_000
const stopGraceSec = 2
const port = 5432
const data = '/culprit'

export interface StartedPostgres extends StartedPart<string> {
  /** For the harness: a superuser, in the service's database. */
  readonly connectionString: string
  /** For the service's schema: owner of its database, by the published port. */
  readonly ownerConnectionString: string
  readonly password: string
  /** Calls back with each line of the server's log, past ones first. */
  onLog(listener: (line: string) => void): void
  /** Shuts it down as an operator would, by the engine. */
  stop(): Promise<void>
  /** Starts the same container again, and returns when it answers. Its data is there unless it was in memory. */
  start(signal: AbortSignal): Promise<void>
}

/** PostgreSQL with the same roles, database and settings as the embedded one. Its answer is its version. */
export async function startPostgres(context: RunContext, image: string, host?: HostConfig): Promise<StartedPostgres> {
  context.onProgress?.(`starting PostgreSQL (${image})`)
  const password = randomBytes(16).toString('hex')
  const urlFor = (role: string, publishedPort: number) =>
    `postgres://${role}:${password}@127.0.0.1:${publishedPort}/${serviceRole}`
  const log = createLineBuffer()
  const started = await startPart(context, {
    part: 'postgres',
    port,
    define: () =>
      new PostgreSqlContainer(image)
        .withUsername(harnessRole)
        .withPassword(password)
        .withDatabase('postgres')
        .withEnvironment({
          PGDATA: `${data}/data`,
          POSTGRES_INITDB_ARGS: '--encoding=UTF8 --locale=C --no-sync',
        })
        .withCopyContentToContainer([
          { content: setUpSql(password), target: '/docker-entrypoint-initdb.d/culprit.sql', mode: 0o444 },
        ])
        .withCommand(['postgres', ...serverSettings()])
        // It would run a program in the container four times a second, and does not run at all in Podman without systemd.
        .withHealthCheck(noHealthCheck),
    host,
    ready: (publishedPort) => askVersion(urlFor(harnessRole, publishedPort)),
    readyWithinMs: readyMs,
    onLine: log.add,
  })
  const container = context.engine.api.getContainer(`${context.run}-postgres`)
  return {
    ...started,
    connectionString: urlFor(harnessRole, started.publishedPort),
    ownerConnectionString: urlFor(serviceRole, started.publishedPort),
    password,
    onLog: log.listen,
    async stop() {
      // Its "fast" shutdown: PostgreSQL takes SIGTERM for one that waits until every client has left.
      await container.stop({ signal: 'SIGINT', t: stopGraceSec })
    },
    async start(signal) {
      await container.start()
      const waiting = AbortSignal.any([signal, AbortSignal.timeout(readyMs)])
      await askUntilReady(() => askVersion(urlFor(harnessRole, started.publishedPort)), waiting)
      const { NetworkSettings } = await container.inspect()
      const address = NetworkSettings.Networks[context.run]?.IPAddress
      // The service knows it by that.
      if (address !== started.address) throw new Error(`PostgreSQL came back at ${address}, not at ${started.address}`)
    },
  }
}

/** Its data in memory: nothing to wait for, and nothing left on a disk. Under a limit over the whole stack that would count. */
export const dataInMemory: HostConfig = { Tmpfs: { [data]: 'rw' } }

/** The engine knows this word; the library's types do not. */
const noHealthCheck = { test: ['NONE'] } as unknown as Parameters<PostgreSqlContainer['withHealthCheck']>[0]

async function askVersion(connectionString: string): Promise<string> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
    return /^\S+/.exec(rows[0]?.server_version ?? '')?.[0] ?? 'unknown'
  } finally {
    await client.end().catch(() => {})
  }
}
