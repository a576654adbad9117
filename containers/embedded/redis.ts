import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis as Client } from 'ioredis'
import type { ProcessExit } from '../../harness/stack.ts'
import { startChild } from './child.ts'
import { onFreePort } from './free-port.ts'
import { findRedis } from './redis-binary.ts'

const readyMs = 10_000
const stopGraceMs = 300

/** How to start Redis. */
export interface RedisOptions {
  /** An existing folder, removed by the caller afterwards. */
  readonly folder: string
  /** Enters the control group that the server runs in. */
  readonly prefix?: readonly string[] | undefined
  readonly signal: AbortSignal
  readonly onProgress?: ((message: string) => void) | undefined
}

/** A Redis server that answers commands. Disposing stops it. */
export interface Redis extends AsyncDisposable {
  readonly url: string
  readonly version: string
  readonly pid: number
  readonly exited: Promise<ProcessExit>
}

/** Starts a real Redis (or Valkey) on 127.0.0.1 that keeps nothing on disk. Ready for commands, or a StackError. */
export async function startRedis({ folder, prefix, signal, onProgress }: RedisOptions): Promise<Redis> {
  const binary = await findRedis(signal, onProgress)
  const home = join(folder, 'redis')
  await mkdir(home, { mode: 0o700 })
  // A password even on 127.0.0.1: with CONFIG SET, a client can write files, and other users can reach the port.
  const password = randomBytes(16).toString('hex')
  onProgress?.('starting Redis')

  return onFreePort(async (port) => {
    const config = [
      'bind 127.0.0.1',
      `port ${port}`,
      `requirepass ${password}`,
      `dir ${home}`,
      'save ""',
      'appendonly no',
    ]
    const child = await startChild({
      name: 'Redis',
      ...(prefix && { prefix }),
      // The settings come by stdin: a command line shows the password to every user.
      command: [binary.path, '-'],
      input: `${config.join('\n')}\n`,
      cwd: home,
      env: binary.env,
      deathSignal: 'KILL',
    })
    const url = `redis://:${password}@127.0.0.1:${port}`
    try {
      const wait = { timeoutMs: readyMs, signal }
      await child.line(/ready to accept connections/i, wait)
      const version = await child.whileRunning(() => askVersion(url), wait)
      const { pid, exited } = child
      return { url, version, pid, exited, [Symbol.asyncDispose]: () => child.stop('SIGTERM', stopGraceMs) }
    } catch (error) {
      await child.stop('SIGTERM', stopGraceMs)
      throw error
    }
  })
}

/** The version of the Redis or Valkey at this address. */
export async function askVersion(url: string): Promise<string> {
  const client = new Client(url, { lazyConnect: true, retryStrategy: null })
  client.on('error', () => {})
  try {
    await client.connect()
    const info = await client.info('server')
    const found = /^valkey_version:(.*)$/m.exec(info) ?? /^redis_version:(.*)$/m.exec(info)
    return found?.[1]?.trim() ?? 'unknown'
  } finally {
    client.disconnect()
  }
}
