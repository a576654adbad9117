/** Brings events from the dead-letter queue into the database. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { EventRejected } from '../rejection.ts'
import type { Repository } from '../repository.ts'
import type { Consumer, Letter } from './consumer.ts'
import { dueAtMs, type Entry, nextEntry, parseEntry } from './entry.ts'

/** When to do what. */
export interface WorkerOptions {
  /** Between two looks into the queue. */
  readonly pollMs: number
  /** Delay before the first, second, ... retry of an entry; the last one goes on for ever. */
  readonly scheduleMs: readonly number[]
  /** An entry that its consumer has not touched for so long belongs to whoever claims it. Longer than `pollMs`. */
  readonly claimIdleMs: number
  /** Time limit for storing one event. */
  readonly storeLimitMs: number
}

/** The worker while it runs. */
export interface Worker {
  /** Tries every entry once more, due or not, for at most so long; then ends. */
  stop(limitMs: number): Promise<void>
}

interface Parts {
  readonly consumer: Consumer
  readonly repository: Repository
  readonly metrics: Metrics
  readonly log: Log
}

/** Starts to look into the queue, at once and then at each poll. */
export function startWorker({ consumer, repository, metrics, log }: Parts, options: WorkerOptions): Worker {
  const stopping = new AbortController()
  const running = run()

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await round((entry) => dueAtMs(entry, options.scheduleMs) <= Date.now(), stopping.signal)
      await delay(options.pollMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  /** One look into the queue. Trouble ends it, and is left to the next one: the queue is the memory, not we. */
  async function round(isDue: (entry: Entry) => boolean, signal: AbortSignal): Promise<void> {
    try {
      await consumer.take(options.claimIdleMs)
      for await (const letter of consumer.letters()) {
        if (signal.aborted) return
        const entry = await readable(letter)
        if (entry && isDue(entry) && (await retry(letter, entry)) === 'failed') return
      }
    } catch (error) {
      log.warn({ err: error }, 'the dead-letter queue could not be worked off')
    } finally {
      await consumer.length().then(
        (length) => metrics.deadLettersWaiting.set(length),
        () => {},
      )
    }
  }

  async function readable(letter: Letter): Promise<Entry | undefined> {
    try {
      return parseEntry(letter.message)
    } catch (error) {
      await putAside(letter, error)
      return undefined
    }
  }

  /** A failure that is not the event's own: it would be the next event's failure too. */
  async function retry(letter: Letter, entry: Entry): Promise<'done' | 'failed'> {
    try {
      // Once: an earlier attempt may have committed and died before it could say so.
      await repository.insert([entry.payload], { limitMs: options.storeLimitMs, once: true })
    } catch (error) {
      if (error instanceof EventRejected) {
        await putAside(letter, error)
        return 'done'
      }
      await consumer.replace(letter, nextEntry(entry, error instanceof Error ? error.message : String(error)))
      metrics.deadLetters.inc({ result: 'retried' })
      return 'failed'
    }
    await consumer.acknowledge(letter)
    metrics.deadLetters.inc({ result: 'stored' })
    return 'done'
  }

  async function putAside(letter: Letter, error: unknown): Promise<void> {
    log.error({ err: error, message: letter.message }, 'a dead letter can never be stored and is put aside')
    await consumer.reject(letter, error instanceof Error ? error.message : String(error))
    metrics.deadLetters.inc({ result: 'rejected' })
  }

  return {
    async stop(limitMs) {
      const tooLate = AbortSignal.timeout(limitMs)
      const finish = async () => {
        stopping.abort()
        await running
        await round(() => true, tooLate)
        await consumer.leave().catch(() => {})
      }
      const given = new AbortController()
      await Promise.race([finish(), delay(limitMs, undefined, { signal: given.signal }).catch(() => {})])
      given.abort()
    },
  }
}
