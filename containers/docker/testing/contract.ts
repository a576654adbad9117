// What is asked of a stack in containers, on either engine. Each engine has a test file of its own, since Testcontainers
// finds its engine once for each process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { GetEventsOptions } from 'dockerode'
import { beforeAll, expect, type TestContext, vi } from 'vitest'
import { anEvent } from '../../datastorage/testing/an-event.ts'
import { enginesForTests, engineTest } from '../../engines.testing.ts'
import type { ContainerEngine, EngineName } from '../../engines.ts'
import { imagesForTests } from '../../images/testing/images.ts'
import { startStack } from '../../stack.ts'
import { startContainers } from '../docker.ts'
import { removeEngineLeftovers } from '../leftovers.ts'
import { statsOf } from '../stats.ts'
import { heldBack, oomKills, query, watchEvents } from './observe.ts'
import { createScene, leftBy, type Scene, serviceOf } from './scene.ts'

const never = new AbortController().signal
const MiB = 2 ** 20

/** Declares the tests for one engine. */
export async function testContainers(name: EngineName): Promise<void> {
  const found = (await enginesForTests())[name]
  let images: Awaited<ReturnType<typeof imagesForTests>>
  beforeAll(async () => {
    if ('engine' in found) images = await imagesForTests(found.engine)
  })
  const stackTest = (title: string, body: (scene: Scene, engine: ContainerEngine) => Promise<void>) =>
    engineTest(found, title, async (engine: ContainerEngine, context: TestContext) => {
      if ('missing' in images) return context.skip(images.missing)
      await using scene = await createScene(engine)
      await body(scene, engine)
      expect(await leftBy(engine, process.pid)).toEqual([])
    })

  stackTest(
    'the stand-in stores an event under limits that are in force, and nothing is left',
    async (scene, engine) => {
      const limits = { memoryLimitBytes: 512 * MiB, cpus: 1.5 }
      const service = { profile: 'healthy', profileOptions: {}, poolSize: 3 }
      await using stack = await startStack(scene.options({ subject: undefined, service, limits }), never)
      expect(stack.runtime).toBe(name)
      expect(stack.datastorage.limits).toEqual({
        limiter: 'engine',
        memoryLimitBytes: 512 * MiB,
        memoryAndSwapLimitBytes: 512 * MiB,
        cpus: 1.5,
        cpusBy: 'quota',
      })
      const cgroup = await readFile(`/proc/${stack.datastorage.pid}/cgroup`, 'utf8')
      expect(cgroup).toMatch(/libpod|docker/)
      // By the published port and by the container's own address.
      for (const url of [stack.datastorage.baseUrl, stack.datastorage.directUrl]) {
        const answer = await fetch(`${url}/api/v1/audit/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(anEvent()),
        })
        expect(answer.status).toBe(201)
      }
      expect(await query(stack.postgres?.connectionString, 'SELECT count(*) FROM audit_events')).toEqual(['2'])
      expect(stack.datastorage.counters?.read().memoryBytes).toBeGreaterThan(20 * MiB)
      expect(stack.datastorage.counters?.read().oomKills).toBe(0)
      // What takes their place where this machine cannot see the group.
      const stats = statsOf(await serviceOf(engine)).open()
      await vi.waitFor(() => {
        expect(stats.read()).toMatchObject({ memoryBytes: expect.any(Number), oomKills: null })
        expect(stats.read().cpuUsageMs).toBeGreaterThan(100)
        // Podman does not tell what the memory is made of.
        if (name === 'docker') expect(stats.read().rssBytes).toBeGreaterThan(10 * MiB)
      }, 5_000)
      stats.close()
      expect((await stack.engine?.inspect())?.map(({ part, status }) => `${part} ${status}`)).toEqual([
        'datastorage running',
        'postgres running',
        'redis running',
      ])
      // The stream was open before: it has the start of every part.
      const events = watchEvents(stack)
      await vi.waitFor(() => {
        for (const part of ['postgres', 'redis', 'datastorage'] as const) {
          expect(events.actions(part)).toEqual(expect.arrayContaining(['create', 'start']))
        }
      }, 5_000)
      // Published for this machine alone.
      for (const { Ports } of await engine.api.listContainers({
        filters: JSON.stringify({ label: ['culprit.part'] }),
      })) {
        for (const { IP, PublicPort } of Ports) if (PublicPort) expect(IP).toBe('127.0.0.1')
      }
      await stack[Symbol.asyncDispose]()
      expect(await readFile(scene.logFile, 'utf8')).toContain('"listening"')
    },
  )

  stackTest('the kernel’s kill is told by the counter, and by the order of events', async (scene) => {
    await using stack = await startStack(scene.options(), never)
    const events = watchEvents(stack)
    const heard: string[] = []
    stack.datastorage.onStderr((line) => heard.push(line))
    const probe = setInterval(() => stack.datastorage.counters?.read(), 5)
    await expect(fetch(`${stack.datastorage.baseUrl}/eat`)).rejects.toThrow()
    expect(await stack.datastorage.exited).toEqual({ pid: stack.datastorage.pid, code: null, signal: 'SIGKILL' })
    clearInterval(probe)
    expect(stack.datastorage.counters?.read()).toMatchObject({ oomKills: 1, memoryPeakBytes: 192 * MiB })
    expect(events.of('datastorage', 'die')).toMatchObject({ exitCode: 137 })
    const state = (await stack.engine?.inspect())?.find(({ part }) => part === 'datastorage')
    expect(state).toMatchObject({ exitCode: 137, restartCount: 0, memoryLimitBytes: 192 * MiB })
    // Podman tells neither: the counter alone does.
    const actions = events.actions('datastorage')
    if (name === 'docker') expect(actions.indexOf('oom')).toBeLessThan(actions.indexOf('die'))
    expect(actions.includes('oom')).toBe(name === 'docker')
    expect(state?.oomKilled).toBe(name === 'docker')
    expect(heard).toEqual(['profile fixture'])
  })

  stackTest('somebody else’s kill leaves the counter flat', async (scene, engine) => {
    await using stack = await startStack(scene.options(), never)
    const probe = setInterval(() => stack.datastorage.counters?.read(), 5)
    await (await serviceOf(engine)).kill({ signal: 'SIGKILL' })
    expect(await stack.datastorage.exited).toMatchObject({ code: null, signal: 'SIGKILL' })
    clearInterval(probe)
    expect(stack.datastorage.counters?.read()).toMatchObject({ memoryBytes: null, oomKills: 0 })
  })

  stackTest('an engine that tells of a start long after it takes nothing from the stack', async (scene, engine) => {
    const api: ContainerEngine['api'] = Object.create(engine.api)
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    api.getEvents = (async (options: GetEventsOptions) =>
      Readable.from(heldBack(await engine.api.getEvents(options), released))) as typeof api.getEvents
    await using stack = await startContainers({ ...engine, api }, scene.options(), never)
    expect(stack.engine && watchEvents(stack).actions('datastorage')).toEqual([])
    expect(stack.datastorage.counters?.read().memoryBytes).toBeGreaterThan(MiB)
    release()
    await (await serviceOf(engine)).kill({ signal: 'SIGKILL' })
    expect(await stack.datastorage.exited).toMatchObject({ pid: stack.datastorage.pid, code: null, signal: 'SIGKILL' })
    await stack[Symbol.asyncDispose]()
    expect(await readFile(scene.logFile, 'utf8')).toContain('profile fixture')
  })

  stackTest('a restarted service comes back at the same address, and its counters go on', async (scene) => {
    const service = { profile: 'unused', profileOptions: {}, poolSize: 5, restart: 'on-failure' } as const
    await using stack = await startStack(scene.options({ service }), never)
    const probe = setInterval(() => stack.datastorage.counters?.read(), 5)
    const { baseUrl, counters } = stack.datastorage
    for (const kills of [1, 2]) {
      await expect(fetch(`${baseUrl}/eat`)).rejects.toThrow()
      await vi.waitFor(async () => expect((await fetch(baseUrl)).status).toBe(200), 20_000)
      await vi.waitFor(() => {
        const { memoryBytes, oomKills: counted } = counters?.read() ?? {}
        expect({ counted, isThere: memoryBytes !== null }).toEqual({ counted: kills, isThere: true })
      }, 5_000)
    }
    clearInterval(probe)
    expect((await stack.engine?.inspect())?.[0]).toMatchObject({ status: 'running', restartCount: 2 })
    await stack[Symbol.asyncDispose]()
    const log = await readFile(scene.logFile, 'utf8')
    // One for each of three starts.
    expect(log.match(/profile fixture/g)).toHaveLength(3)
  })

  stackTest('one limit over the whole stack: who grew dies, and the servers live on', async (scene) => {
    const limits = { memoryLimitBytes: 300 * MiB, cpus: 1, memoryScope: 'stack' } as const
    await using stack = await startStack(scene.options({ limits }), never)
    expect(stack.datastorage.limits).toMatchObject({ memoryLimitBytes: 300 * MiB, cpus: 1, memoryScope: 'stack' })
    for (const state of (await stack.engine?.inspect()) ?? []) expect(state.memoryLimitBytes).toBeNull()
    expect(oomKills(stack)).toEqual([0, 0, 0])
    const probe = setInterval(() => oomKills(stack), 5)
    await expect(fetch(`${stack.datastorage.baseUrl}/eat`)).rejects.toThrow()
    expect(await stack.datastorage.exited).toMatchObject({ signal: 'SIGKILL' })
    clearInterval(probe)
    expect(oomKills(stack)).toEqual([1, 0, 0])
    expect(stack.sharedCounters?.read().memoryPeakBytes).toBe(300 * MiB)
    expect(await query(stack.postgres?.connectionString, 'SELECT 1')).toEqual([1])
  })

  stackTest('any image gets its facts, knobs, mounts and tables', async (scene) => {
    await writeFile(join(scene.folder, '2.sql'), 'INSERT INTO theirs VALUES (2)')
    await writeFile(join(scene.folder, '10.sql'), 'INSERT INTO theirs VALUES (10)')
    await writeFile(join(scene.folder, '1.sql'), 'CREATE TABLE theirs (n int)')
    const subjectEnv = {
      DB: 'host={postgres.host} port={postgres.port} user={postgres.user} db={postgres.database} {"not": "ours"}',
      URL: '{postgres.url}',
      QUEUE: '{redis.host}:{redis.port}',
    }
    const options = scene.options(
      { subjectEnv },
      { env: Object.keys(subjectEnv), schema: scene.folder, knobs: { pool: 'DB_POOL', memory: 'GOMEMLIMIT' } },
    )
    await using stack = await startStack(options, never)
    const env = await (await fetch(stack.datastorage.baseUrl)).json()
    expect(env).toMatchObject({
      DB: 'host=postgres port=5432 user=datastorage db=datastorage {"not": "ours"}',
      URL: expect.stringMatching(/^postgres:\/\/datastorage:[0-9a-f]+@postgres:5432\/datastorage$/),
      QUEUE: 'redis:6379',
      DB_POOL: '25',
      GOMEMLIMIT: String(192 * MiB),
    })
    expect(env).not.toHaveProperty('DATASTORAGE_PROFILE')
    expect(await query(stack.postgres?.connectionString, 'SELECT n FROM theirs ORDER BY ctid')).toEqual([2, 10])
  })

  stackTest('what an image is given is checked before anything starts', async (scene, engine) => {
    const wrong = scene.options(
      { subjectEnv: { DB: '{postgres.pasword}' } },
      { mounts: ['/no/such:/x', 'relative:/y'], schema: '/no/such', knobs: { poool: 'X' } },
    )
    await expect(startStack(wrong, never)).rejects.toMatchObject({
      name: 'InputError',
      problems: [
        expect.stringContaining('{postgres.pasword}'),
        expect.stringContaining('poool'),
        expect.stringContaining('/no/such:/x'),
        expect.stringContaining('relative:/y'),
        expect.stringContaining('--datastorage-schema /no/such'),
      ],
    })
    expect(await leftBy(engine, process.pid)).toEqual([])
  })

  stackTest('a service that ends at once: the error has its log, and nothing stays', async (scene) => {
    const options = scene.options({ subjectEnv: { DATASTORAGE_PROFILE: 'exits-at-start' } })
    await expect(startStack(options, never)).rejects.toMatchObject({
      name: 'StackError',
      message: 'DataStorage ended before it was ready: exit code 7',
      logTail: ['profile exits-at-start'],
    })
  })

  stackTest('an image that cannot be pulled is an error that says so', async (scene) => {
    const image = 'registry.invalid/nobody/nothing:1'
    await expect(startStack(scene.options({}, { image }), never)).rejects.toMatchObject({
      name: 'StackError',
      message: expect.stringContaining(`no image ${image} and could not pull it`),
    })
  })

  for (const step of ['starting PostgreSQL', 'starting DataStorage']) {
    stackTest(`aborted at “${step}” leaves nothing`, async (scene) => {
      const abort = new AbortController()
      const reason = new Error('Ctrl-C')
      const onProgress = (message: string) => {
        if (message.startsWith(step)) abort.abort(reason)
      }
      await expect(startStack(scene.options({ onProgress }), abort.signal)).rejects.toBe(reason)
    })
  }

  stackTest('what a killed run left is removed, what belongs to others is not', async (scene, engine) => {
    await using alive = await startStack(scene.options(), never)
    const standIn = (await alive.engine?.inspect())?.[0]?.image
    const foreign = await engine.api.createContainer({ Image: standIn, Labels: { culprit: 'somebody-elses' } })
    try {
      const owner = spawn(process.execPath, [
        join(import.meta.dirname, '../../embedded/fixtures/owner.ts'),
        JSON.stringify(scene.options()),
      ])
      await once(owner.stdout, 'data')
      owner.kill('SIGKILL')
      await once(owner, 'exit')
      const left = await leftBy(engine, owner.pid ?? 0)
      // Three containers and a network.
      expect(left).toHaveLength(4)
      expect(await removeEngineLeftovers(engine)).toEqual([`${left[0]} (${name})`])
      expect(await leftBy(engine, owner.pid ?? 0)).toEqual([])
      expect((await fetch(alive.datastorage.baseUrl)).status).toBe(200)
      await foreign.inspect()
    } finally {
      await foreign.remove({ force: true })
    }
  })
}
