import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Stack } from '../harness/stack.ts'
import { allGroups, createScene, processesIn, type Scene } from './embedded/fixtures/scene.ts'
import { removeLeftovers } from './embedded/leftovers.ts'
import { limiters } from './limits/index.ts'
import { startStack } from './stack.ts'

const never = new AbortController().signal
const reasons = await Promise.all(
  limiters
    .filter(({ kind }) => kind !== 'watchdog')
    .map(async (one) => `${one.kind}: ${(await one.unavailable()) ?? 'works'}`),
)
const hasKernelLimit = reasons.some((reason) => reason.endsWith(': works'))

const event = {
  version: '1.0',
  event_type: 'orchestrator.lifecycle.started',
  event_timestamp: new Date().toISOString(),
  event_category: 'orchestration',
  event_action: 'started',
  event_outcome: 'success',
  correlation_id: 'rr-1',
  event_data: {},
}

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

afterEach(() => vi.unstubAllEnvs())

describe('the embedded stack', () => {
  test('is what auto starts where no engine answers: it says why, stores an event, and leaves nothing behind', async () => {
    await using scene = await createScene()
    vi.stubEnv('DOCKER_HOST', 'unix:///nowhere/docker.sock')
    const said: string[] = []
    const onProgress = (message: string) => said.push(message)
    const service = { profile: 'healthy', profileOptions: {}, poolSize: 3 }
    const limits = { memoryLimitBytes: 512 << 20, cpus: 2 }
    const options = scene.options({ runtime: 'auto', service, limits, serviceEntry: undefined, onProgress })
    await using stack = await startStack(options, never)
    expect(stack.runtime).toBe('embedded')
    expect(said).toContain('running without a container engine: no container engine can be reached')
    expect(stack.datastorage.limits).toMatchObject({ memoryLimitBytes: 512 << 20, cpus: 2 })
    const answer = await fetch(`${stack.datastorage.baseUrl}/api/v1/audit/events/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([event]),
    })
    expect(answer.status).toBe(201)
    expect(await query(stack.postgres?.connectionString ?? '', 'SELECT correlation_id FROM audit_events')).toEqual([
      'rr-1',
    ])
    await stack[Symbol.asyncDispose]()
    expect(await stack.datastorage.exited).toMatchObject({ pid: stack.datastorage.pid })
    expect(await scene.leftovers()).toEqual([])
  })

  test.skipIf(!hasKernelLimit)(
    `reports the kernel’s kill of a service that eats memory (${reasons.join('; ')})`,
    async () => {
      await using scene = await createScene()
      await using stack = await startStack(scene.options(), never)
      await expect(fetch(`${stack.datastorage.baseUrl}/eat`)).rejects.toThrow()
      expect(await stack.datastorage.exited).toEqual({ pid: stack.datastorage.pid, code: null, signal: 'SIGKILL' })
      expect(stack.datastorage.counters?.read()).toMatchObject({ memoryPeakBytes: 192 << 20 })
      expect(stack.datastorage.counters?.read().oomKills).toBeGreaterThan(0)
      expect(stack.datastorage.killedByWatchdog).toBeUndefined()
    },
  )

  test('reports the watchdog’s kill as the watchdog’s', async () => {
    await using scene = await createScene()
    await using stack = await startStack(scene.options({ limiter: 'watchdog' }), never)
    expect(stack.datastorage.limits).toMatchObject({ limiter: 'watchdog', cpusBy: 'affinity' })
    await expect(fetch(`${stack.datastorage.baseUrl}/eat`)).rejects.toThrow()
    expect(await stack.datastorage.exited).toMatchObject({ signal: 'SIGKILL' })
    expect(await stack.datastorage.killedByWatchdog).toMatchObject({ why: 'above the limit' })
  })

  test('ends a service that is deaf to a polite request', async () => {
    await using scene = await createScene()
    const service = { profile: 'ignores-sigterm', profileOptions: {}, poolSize: 5 }
    await using stack = await startStack(scene.options({ service }), never)
    await stack[Symbol.asyncDispose]()
    expect(await stack.datastorage.exited).toMatchObject({ signal: 'SIGKILL' })
    expect(await scene.leftovers()).toEqual([])
  })

  test('does not start with a service that exits: the error has its log, and nothing stays', async () => {
    await using scene = await createScene()
    const service = { profile: 'exits-at-start', profileOptions: {}, poolSize: 5 }
    await expect(startStack(scene.options({ service }), never)).rejects.toMatchObject({
      name: 'StackError',
      message: 'DataStorage ended before it was ready: exit code 7',
      logTail: ['profile exits-at-start'],
    })
    expect(await scene.leftovers()).toEqual([])
  })

  test.each(['starting PostgreSQL', 'starting Redis', 'starting DataStorage'])(
    'aborted at “%s” leaves nothing',
    async (step) => {
      await using scene = await createScene()
      const abort = new AbortController()
      const reason = new Error('Ctrl-C')
      const onProgress = (message: string) => {
        if (message.startsWith(step)) abort.abort(reason)
      }
      await expect(startStack(scene.options({ onProgress }), abort.signal)).rejects.toBe(reason)
      expect(await scene.leftovers()).toEqual([])
    },
  )

  test('of a killed harness dies with it; its remains are removed, a live harness’s are not', async () => {
    await using scene = await createScene()
    await using alive = await startStack(scene.options(), never)
    const mine = (await scene.leftovers()).length
    const owner = spawn(process.execPath, [
      join(import.meta.dirname, 'embedded/fixtures/owner.ts'),
      JSON.stringify(scene.options()),
    ])
    const [line] = await once(owner.stdout, 'data')
    const { servicePid } = JSON.parse(String(line))
    owner.kill('SIGKILL')
    await once(owner, 'exit')

    await vi.waitFor(() => expect(() => process.kill(servicePid, 0)).toThrow('ESRCH'), 5_000)
    const removed = await removeLeftovers([scene.folder])
    // Its group too, where the kernel limits: whoever looks first, here or in another test, removes it.
    expect(removed.filter((name) => name.includes(scene.folder))).toHaveLength(1)
    await vi.waitFor(async () => expect(await scene.leftovers()).toHaveLength(mine), 5_000)
    expect((await allGroups()).filter((name) => name.includes(`-${owner.pid}-`))).toEqual([])
    expect((await fetch(alive.datastorage.baseUrl)).status).toBe(200)
    expect(await query(alive.postgres?.connectionString ?? '', 'SELECT 1')).toEqual([1])
  })
})

describe('a running embedded stack', () => {
  let scene: Scene
  let stack: Stack
  beforeAll(async () => {
    scene = await createScene()
    vi.stubEnv('NODE_OPTIONS', '--no-warnings')
    stack = await startStack(scene.options(), never)
    vi.unstubAllEnvs()
  })
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]()
    await scene?.[Symbol.asyncDispose]()
  })

  test('tells the service where its servers are, and nothing of our own environment', async () => {
    const env = JSON.parse(await (await fetch(stack.datastorage.baseUrl)).text())
    expect(env).toMatchObject({ DATASTORAGE_POOL_MAX: '25', DATASTORAGE_PROFILE_OPTIONS: '{"delayMs":5}' })
    expect(env).not.toHaveProperty('NODE_OPTIONS')
    expect(await query(env.DATABASE_URL, 'SELECT current_user')).toEqual(['datastorage'])
    const redis = new Redis(env.REDIS_URL)
    expect(await redis.ping()).toBe('PONG')
    redis.disconnect()
    expect(env.REDIS_URL).toBe(stack.redis?.url)
  })

  test('is out of reach of a Ctrl-C in our terminal, so that it is stopped in order', async () => {
    const sessionOf = async (pid: number | null) => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ')[5]
    const started = (await processesIn(scene.folder)).map((line) => Number(line.split(' ').at(-1)))
    expect(started).toContain(stack.datastorage.pid)
    expect(started.length).toBeGreaterThan(3)
    const ours = await sessionOf(process.pid)
    for (const pid of started) expect(await sessionOf(pid)).not.toBe(ours)
  })

  test('keeps connections for the harness when the service has taken all others', async () => {
    const env = JSON.parse(await (await fetch(stack.datastorage.baseUrl)).text())
    const pool = new pg.Pool({ connectionString: env.DATABASE_URL, max: 200 })
    pool.on('error', () => {})
    const taken = await Promise.allSettled(Array.from({ length: 100 }, () => pool.connect()))
    expect(taken.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
    expect(await query(stack.postgres?.connectionString ?? '', 'SELECT 1')).toEqual([1])
    for (const attempt of taken) if (attempt.status === 'fulfilled') attempt.value.release(true)
    await pool.end()
  })

  // Last: it stops the stack.
  test('logs both outputs, and hands on stderr from before anybody listened', async () => {
    const heard: string[] = []
    stack.datastorage.onStderr((line) => heard.push(line))
    await stack[Symbol.asyncDispose]()
    expect(heard).toEqual(['profile fixture'])
    const log = await readFile(join(scene.folder, 'datastorage.log'), 'utf8')
    expect(log.trimEnd().split('\n').sort()).toEqual(['profile fixture', expect.stringContaining('"listening"')])
  })
})

describe('choosing where to run', () => {
  test('an engine asked for by name that does not answer is an error that says what was tried', async () => {
    await using scene = await createScene()
    vi.stubEnv('DOCKER_HOST', 'unix:///nowhere/docker.sock')
    await expect(
      startStack(scene.options({ runtime: 'docker', serviceEntry: undefined }), never),
    ).rejects.toMatchObject({
      name: 'StackError',
      message: 'no docker can be reached',
      logTail: ['unix:///nowhere/docker.sock: there is no such socket'],
      hint: expect.stringContaining('DOCKER_HOST'),
    })
  })

  test('an image needs an engine', async () => {
    await using scene = await createScene()
    const subject = {
      kind: 'image',
      image: 'x',
      port: 1,
      readyPath: '/',
      env: [],
      mounts: [],
      schema: null,
      knobs: {},
    } as const
    await expect(startStack(scene.options({ subject }), never)).rejects.toMatchObject({ name: 'InputError' })
  })
})
