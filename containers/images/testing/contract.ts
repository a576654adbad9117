// What is asked of the images, on either engine. Each engine has a test file of its own, since Testcontainers finds its
// engine once for each process.
import { PostgreSqlContainer } from '@testcontainers/postgresql'
import { RedisContainer } from '@testcontainers/redis'
import pg from 'pg'
import { Wait } from 'testcontainers'
import { beforeAll, expect, type TestContext, vi } from 'vitest'
import { anEvent } from '../../datastorage/testing/an-event.ts'
import { enginesForTests, engineTest } from '../../engines.testing.ts'
import type { ContainerEngine, EngineName } from '../../engines.ts'
import { buildImages, localImages } from '../index.ts'
import { connect, container, imagesForTests, ourLabel, startParts, type TestImages, useEngine } from './images.ts'

type Body = (images: TestImages, engine: ContainerEngine) => Promise<void>

/** Declares the tests for one engine. */
export async function testImages(name: EngineName): Promise<void> {
  const found = (await enginesForTests())[name]
  let images: Awaited<ReturnType<typeof imagesForTests>>
  beforeAll(async () => {
    if ('skipped' in found) return
    useEngine(found.engine)
    images = await imagesForTests(found.engine)
  })
  const imageTest = (title: string, body: Body) =>
    engineTest(found, title, async (engine: ContainerEngine, context: TestContext) => {
      if ('missing' in images) context.skip(images.missing)
      else await body(images, engine)
    })

  imageTest('what is there and unchanged is not built again', async ({ standIn, ...local }, engine) => {
    const built = await buildImages(engine, { signal: AbortSignal.timeout(10_000) })
    expect(built).toEqual([standIn, local.postgres, local.redis].map((tag) => ({ tag, built: false })))
    expect(await localImages(engine)).toEqual(local)
  })

  imageTest('PostgreSQL keeps what the official image promises', async ({ postgres }) => {
    const definition = new PostgreSqlContainer(postgres)
      .withLabels(ourLabel)
      .withUsername('somebody')
      .withDatabase('audit')
      .withCommand(['-c', 'max_connections=17'])
      .withCopyContentToContainer([
        { content: 'CREATE TABLE seeded (at int)', target: '/docker-entrypoint-initdb.d/1.sql' },
      ])
    // Podman runs no health checks where there is no systemd.
    if (name === 'podman') definition.withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    await using started = await definition.start()
    const ask = async (text: string, connectionString = started.getConnectionUri()) => {
      const client = new pg.Client({ connectionString })
      await client.connect()
      const { rows } = await client.query({ text, rowMode: 'array' }).finally(() => client.end())
      return rows.flat()
    }
    expect(await ask('SHOW max_connections')).toEqual(['17'])
    expect(await ask('SHOW server_encoding')).toEqual(['UTF8'])
    expect(await ask('SELECT current_database(), current_user, count(*) FROM seeded')).toEqual([
      'audit',
      'somebody',
      '0',
    ])
    const wrong = started.getConnectionUri().replace(':test@', ':wrong@')
    await expect(ask('SELECT 1', wrong)).rejects.toThrow('password authentication failed')
    await started.snapshot()

    const inside = async (...command: string[]) => (await started.exec(command)).output.trim()
    expect(await inside('stat', '-c', '%u', '/proc/1', '/var/lib/postgresql/data')).toBe('999\n999')
    expect(await inside('pg_isready', '-U', 'somebody')).toContain('accepting connections')
    // The process that the client talked to is the one that the engine stops.
    expect(await inside('cat', '/proc/1/comm')).toBe('postgres')
  })

  imageTest('Redis keeps what the official image promises', async ({ redis }) => {
    await using withPassword = await new RedisContainer(redis).withLabels(ourLabel).withPassword('secret').start()
    using client = connect(withPassword.getConnectionUrl())
    expect(await client.ping()).toBe('PONG')
    expect((await withPassword.exec(['stat', '-c', '%u', '/proc/1'])).output.trim()).toBe('999')

    const definition = container(redis).withExposedPorts(6379).withCommand(['--maxmemory', '32mb'])
    await using flagsOnly = await definition.withWaitStrategy(Wait.forLogMessage('Ready to accept')).start()
    using open = connect(`redis://127.0.0.1:${flagsOnly.getMappedPort(6379)}`)
    expect(await open.config('GET', 'maxmemory')).toContain(String(32 * 1024 * 1024))
  })

  imageTest('the stand-in stores events, as nobody in particular, and ends on SIGTERM', async (tags, engine) => {
    await using parts = await startParts(tags)
    await using standIn = await container(tags.standIn)
      .withNetwork(parts.network)
      .withEnvironment({ ...parts.env, DATASTORAGE_SHUTDOWN_PAUSE_MS: '0' })
      .withResourcesQuota({ memory: 0.5 })
      .withExposedPorts(8080)
      .withWaitStrategy(Wait.forLogMessage('"listening"'))
      .start()
    const url = `http://127.0.0.1:${standIn.getMappedPort(8080)}`
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'healthy', database: 'connected' })
    const answer = await fetch(`${url}/api/v1/audit/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(anEvent()),
    })
    expect(answer.status).toBe(201)

    const node = async (code: string) => {
      const { output } = await standIn.exec(['/usr/local/bin/node', '-p', code])
      return output.trim()
    }
    expect(await node('process.getuid()')).toBe('10001')
    expect(await node("try { fs.writeFileSync('/app/x', ''); 'written' } catch (error) { error.code }")).toBe('EACCES')
    // Node has seen the container's limit: half of it, not of the machine's memory.
    expect(Number(await node('v8.getHeapStatistics().heap_size_limit'))).toBeLessThan(400 * 1024 * 1024)

    const process = engine.api.getContainer(standIn.getId())
    await process.stop({ t: 10 })
    expect((await process.inspect()).State).toMatchObject({ Running: false, ExitCode: 0 })
  })

  imageTest('the stand-in ends on SIGTERM while it waits for its database', async (tags, engine) => {
    await using parts = await startParts(tags)
    const database = engine.api.getContainer(parts.postgresId)
    await database.pause()
    const process = await engine.api.createContainer({
      Image: tags.standIn,
      Labels: ourLabel,
      Env: Object.entries(parts.env).map(([key, value]) => `${key}=${value}`),
      HostConfig: { NetworkMode: parts.network.getName() },
    })
    try {
      await process.start()
      // Again and again, because Node takes a moment until it listens for signals.
      await vi.waitFor(
        async () => {
          await process.kill({ signal: 'SIGTERM' }).catch(() => {})
          expect((await process.inspect()).State).toMatchObject({ Running: false, ExitCode: 0 })
        },
        { timeout: 20_000, interval: 200 },
      )
    } finally {
      await process.remove({ force: true })
      await database.unpause()
    }
  })
}
