/** For tests: the program as a process of its own, as users start it, on a real PostgreSQL and Redis. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { type Dispatcher, request } from 'undici'
import { startPostgres } from '../../embedded/postgres.ts'
import { startRedis } from '../../embedded/redis.ts'
import { batchPath } from '../contract.ts'
import { testBinaries } from './postgres-binaries.ts'

const pollLimitMs = 10_000

/** A running service, and the few questions that tests ask it. */
export interface RealService extends AsyncDisposable {
  url: string
  child: ChildProcess
  /** Resolves with the exit code once the process has ended. */
  exited: Promise<number | null>
  get(path: string): Promise<{ status: number; json: Json }>
  post(body: unknown, options?: { signal?: AbortSignal; path?: string }): Promise<{ status: number; json: Json }>
  /** One metric's value, for example `datastorage_events_pending`. */
  metric(name: string): Promise<number>
  /** Waits until a metric has this value. */
  until(name: string, value: number): Promise<void>
  /** Waits until a metric is below this value. */
  untilBelow(name: string, limit: number): Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: tests compare answers with literals, field by field.
type Json = any

/** A PostgreSQL and a Redis of the test's own. Disposing stops both and removes their files. */
export async function startDatabases() {
  const stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'datastorage-test-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const { signal } = new AbortController()
  const binaries = await testBinaries()
  const [postgres, redis] = await Promise.all([
    startPostgres({ folder, signal, binaries }),
    startRedis({ folder, signal }),
  ])
  stack.use(redis)
  stack.use(postgres)
  return {
    postgres,
    env: { DATABASE_URL: postgres.serviceConnectionString, REDIS_URL: redis.url },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Starts the program without waiting for anything. */
export function spawnService(env: Record<string, string>): ChildProcess {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  return spawn(process.execPath, [join(import.meta.dirname, '..', 'main.ts')], {
    env: { PATH, NODE_COMPILE_CACHE, DATASTORAGE_PORT: '0', DATASTORAGE_SHUTDOWN_PAUSE_MS: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Starts the service on a free port and waits for its `listening` line. */
export async function startRealService(env: Record<string, string>): Promise<RealService> {
  const child = spawnService(env)
  const exited = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null)
  const url = `http://127.0.0.1:${await boundPort(child)}`

  const ask = async (
    path: string,
    options?: Omit<Dispatcher.RequestOptions, 'path' | 'method'> & { method?: 'POST' },
  ) => {
    const answer = await request(`${url}${path}`, options)
    return { status: answer.statusCode, text: await answer.body.text() }
  }
  const metric = async (name: string) => {
    const { text } = await ask('/metrics')
    const line = text.split('\n').find((line) => line.startsWith(`${name} `))
    if (!line) throw new Error(`there is no metric ${name}`)
    return Number(line.slice(name.length))
  }
  // Gives up before the test's own time limit, so that the test still stops what it has started.
  const poll = async (name: string, wanted: string, isReached: (value: number) => boolean) => {
    const deadline = Date.now() + pollLimitMs
    for (let value = await metric(name); !isReached(value); value = await metric(name)) {
      if (Date.now() > deadline) throw new Error(`${name} should become ${wanted}, and is still ${value}`)
      await setTimeout(10)
    }
  }
  return {
    url,
    child,
    exited,
    metric,
    async get(path) {
      const { status, text } = await ask(path)
      return { status, json: JSON.parse(text) }
    },
    async post(body, { signal, path = batchPath } = {}) {
      const { status, text } = await ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal,
      })
      return { status, json: JSON.parse(text) }
    },
    until: (name, wanted) => poll(name, `${wanted}`, (value) => value === wanted),
    untilBelow: (name, limit) => poll(name, `below ${limit}`, (value) => value < limit),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

async function boundPort(child: ChildProcess): Promise<number> {
  let output = ''
  child.stderr?.on('data', (text) => {
    output += text
  })
  // Read to its end, also after the port is known: a full pipe would block the service.
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
      const { msg, port } = JSON.parse(line)
      if (msg === 'listening') resolve(port)
    })
    child.once('exit', () => reject(new Error(`the service did not start: ${output}`)))
  })
}
