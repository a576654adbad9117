import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { RunEvent, StoredLine } from '../sample.ts'
import type { Stack } from '../stack.ts'
import { readBack } from './read-back.ts'
import { readQueueBack } from './read-queue-back.ts'
import { dlqStream } from './redis.ts'

type Recovery = Extract<RunEvent, { kind: 'recovery' }>
type Again = Extract<StoredLine, { kind: `${string}-again` }>

export interface RecoverOptions {
  readonly stack: Stack
  readonly runId: string
  readonly clock: Clock
  /** Whether the service has died, and nobody has started it again. */
  readonly isDead: boolean
  readonly event: (line: Recovery) => void
  readonly stored: (line: Again) => void
  readonly signal: AbortSignal
}

const lookEveryMs = 250
/** A service that was not told otherwise tries a dead letter after a minute, and looks into its queue each 30 s. */
const drainWithinMs = 240_000

/**
 * Starts a dead service again, waits until its dead-letter queue is empty, and reads queue and database a second time. What
 * cannot be done is said in the record, and ends nothing.
 *
 * @throws the signal's reason after an abort
 */
export async function recover(options: RecoverOptions): Promise<void> {
  const { stack, runId, clock, isDead, event, stored, signal } = options
  const fromMs = clock.now()
  const say = (line: Omit<Recovery, 'kind' | 't' | 'wasStarted'>) =>
    event({ kind: 'recovery', t: clock.now(), wasStarted: isDead, ...line })
  const { redis, postgres } = stack
  try {
    if (!redis || !postgres) throw new Error('database and queue are not ours to look into')
    if (isDead) {
      if (!stack.startAgain) throw new Error('nothing here can start the service again')
      await stack.startAgain(signal)
    }
    const readyMs = clock.now() - fromMs
    const drained = await drain(redis.url, signal)
    const again = (line: StoredLine) => stored({ ...line, kind: `${line.kind}-again` } as unknown as Again)
    // The queue before the database, as the first time.
    await readQueueBack({ runId, clock, redisUrl: redis.url, write: again })
    await readBack({ runId, clock, postgresUrl: postgres.connectionString, write: again })
    say({ readyMs, ...drained, problem: null })
  } catch (error) {
    signal.throwIfAborted()
    say({ readyMs: null, queuedBefore: null, queuedAfter: null, drainMs: null, problem: messageOf(error) })
  }
}

/** Waits until the queue is empty, for so long at most. `drainMs: null`: it was not by then. */
async function drain(redisUrl: string, signal: AbortSignal) {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 0, commandTimeout: 5_000, connectionName: 'culprit' })
  redis.on('error', () => {}) // the command that fails says so
  try {
    const startedMs = performance.now()
    const queuedBefore = await redis.xlen(dlqStream)
    for (;;) {
      const queuedAfter = await redis.xlen(dlqStream)
      const tookMs = performance.now() - startedMs
      if (queuedAfter === 0 || tookMs > drainWithinMs) {
        return { queuedBefore, queuedAfter, drainMs: queuedAfter === 0 ? Math.round(tookMs) : null }
      }
      await delay(lookEveryMs, undefined, { signal })
    }
  } finally {
    redis.disconnect()
  }
}
