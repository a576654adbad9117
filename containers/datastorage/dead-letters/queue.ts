/** The dead-letter queue: a Redis stream that takes what the database did not. */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type Redis, ReplyError } from 'ioredis'
import type { IdentifiedEvent } from '../contract.ts'
import type { Metrics } from '../metrics.ts'
import { firstEntry, formatEntry } from './entry.ts'

/** Where entries wait. */
export const stream = 'audit:dlq:events'
/** Where entries end that the database has refused for good. Nobody reads it but people. */
export const rejectedStream = 'audit:dlq:rejected'
/** The consumer group of the workers. */
export const group = 'data-storage-retry-workers'

/** Pause before a lost connection is tried again. */
const retryMs = 50

/** The way into the queue. */
export interface DeadLetterQueue {
  /** Resolves when Redis has the event; rejects when it did not take it in time, or when the queue is full. */
  add(event: IdentifiedEvent, why: string): Promise<void>
}

/** How much the queue holds, and for how long to wait for Redis. */
export interface QueueOptions {
  readonly maxLength: number
  readonly limitMs: number
}

// MAXLEN alone would make room by throwing the oldest entries away, and they have been acknowledged: a full queue takes
// no more instead. One script, so that nothing comes in between.
const addScript = `
  if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then
    return redis.error_reply('the dead-letter queue is full')
  end
  return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'message', ARGV[2])`

/** Opens the queue on a connection that has no offline queue of its own: what is sent late must not arrive later still. */
export function openQueue(redis: Redis, { maxLength, limitMs }: QueueOptions, metrics: Metrics): DeadLetterQueue {
  // A connection may be lost between the command and its answer. Sent again, the entry may be there twice, with one id:
  // the database takes it once.
  async function addWithin(signal: AbortSignal, message: string): Promise<void> {
    for (;;) {
      try {
        if (redis.status !== 'ready') await once(redis, 'ready', { signal })
        await unlessAborted(signal, redis.eval(addScript, 1, stream, maxLength, message))
        return
      } catch (error) {
        if (signal.aborted) throw new Error(`redis did not take it in ${limitMs} ms`, { cause: error })
        if (error instanceof ReplyError) throw error
        await delay(retryMs, undefined, { ref: false })
      }
    }
  }

  return {
    async add(event, why) {
      const message = formatEntry(firstEntry(event, why))
      try {
        await addWithin(AbortSignal.timeout(limitMs), message)
        metrics.deadLetters.inc({ result: 'added' })
      } catch (error) {
        metrics.deadLetters.inc({ result: 'refused' })
        throw error
      }
    },
  }
}

async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const over = new AbortController()
  const aborted = once(signal, 'abort', { signal: over.signal }).then(() => Promise.reject(signal.reason))
  aborted.catch(() => {})
  try {
    return await Promise.race([work, aborted])
  } finally {
    over.abort()
  }
}
