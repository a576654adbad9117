import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { StackError } from '../../harness/errors.ts'
import type { ServiceOptions } from '../../harness/scenario.ts'
import type { Service } from '../../harness/stack.ts'
import type { LimitedGroup } from '../limits/limiter.ts'
import { standInEnv } from '../stand-in-env.ts'
import { type Child, startChild, type Wait } from './child.ts'
import { createLineBuffer } from './line-buffer.ts'

const readyMs = 20_000
/** A graceful shutdown of the real service takes 5 s and more. After a Ctrl-C everything must be gone within 3 s. */
const stopGraceMs = 1_000

/** How to start the service under test. */
export interface DatastorageOptions {
  readonly service: ServiceOptions
  readonly group: LimitedGroup
  readonly postgresUrl: string
  readonly redisUrl: string
  /** Its stdout and stderr are appended here. */
  readonly logFile: string
  readonly folder: string
  readonly signal: AbortSignal
  readonly onProgress?: ((message: string) => void) | undefined
  /** Further variables, which come before those of `service`. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** The program to run instead of the stand-in. */
  readonly entry?: string | undefined
}

/** Starts the service inside its limits. Ready when its own readiness check says so, or a StackError with its log. */
export async function startDatastorage(options: DatastorageOptions): Promise<Service & AsyncDisposable> {
  const { service, group, signal } = options
  const log = createWriteStream(options.logFile, { flags: 'a' })
  const logWritten = finished(log).catch(() => {})
  const stderr = createLineBuffer()
  options.onProgress?.('starting DataStorage')
  const child = await startChild({
    name: 'DataStorage',
    prefix: group.prefix,
    // No heap option: Node sizes its heap from the memory limit, as it does in a container.
    command: [process.execPath, options.entry ?? fileURLToPath(new URL('../datastorage/main.ts', import.meta.url))],
    cwd: options.folder,
    env: {
      DATASTORAGE_HOST: '127.0.0.1',
      DATASTORAGE_PORT: '0',
      DATABASE_URL: options.postgresUrl,
      REDIS_URL: options.redisUrl,
      // No balancer looks at its readiness here, and the grace is short.
      DATASTORAGE_SHUTDOWN_PAUSE_MS: '0',
      ...options.env,
      ...standInEnv(service),
    },
    deathSignal: 'KILL',
    onLine(line, from) {
      log.write(`${line}\n`)
      if (from === 'stderr') stderr.add(line)
    },
  })
  group.adopt?.(child.pid)
  async function stop(): Promise<void> {
    await child.stop('SIGTERM', stopGraceMs)
    log.end()
    await logWritten
  }
  try {
    const baseUrl = await ready(child, { timeoutMs: readyMs, signal })
    return {
      baseUrl,
      pid: child.pid,
      async kill() {
        process.kill(child.pid, 'SIGKILL')
      },
      limits: group.limits,
      counters: group.counters,
      exited: child.exited,
      killedByWatchdog: group.killedByWatchdog,
      onStderr: stderr.listen,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function ready(child: Child, wait: Wait): Promise<string> {
  const line = await child.line(/"msg":\s*"listening"/, wait)
  const port = portIn(line)
  if (port === null)
    throw new StackError('DataStorage did not log the port it listens on', { logTail: child.logTail() })
  const baseUrl = `http://127.0.0.1:${port}`
  await child.whileRunning(async (signal) => {
    while (!(await answersReady(baseUrl, signal))) await delay(20, undefined, { signal })
  }, wait)
  return baseUrl
}

async function answersReady(baseUrl: string, signal: AbortSignal): Promise<boolean> {
  try {
    // `reset`: no connection of ours stays open in a service whose connections are counted.
    const answer = await request(`${baseUrl}/health/ready`, { signal, reset: true })
    await answer.body.dump()
    return answer.statusCode === 200
  } catch {
    signal.throwIfAborted()
    return false
  }
}

function portIn(line: string): number | null {
  try {
    const entry: unknown = JSON.parse(line)
    const port = typeof entry === 'object' && entry !== null && 'port' in entry ? entry.port : null
    return typeof port === 'number' ? port : null
  } catch {
    return null
  }
}
