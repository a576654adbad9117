import { Redis } from 'ioredis'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { StoredLine } from '../sample.ts'
import { dlqStream } from './redis.ts'

const pageSize = 1_000
/** A run must end even when Redis has hung itself up. */
const patience = { connectTimeout: 5_000, commandTimeout: 5_000, maxRetriesPerRequest: 0, retryStrategy: () => null }

/**
 * Reads from Redis which events of a run are in the dead-letter queue, by the id in their data, and writes a line per
 * client. The last line says that the reading was complete.
 *
 * @throws when Redis does not answer: then the record has no such line, and the queue counts as not read
 */
export async function readQueueBack(options: {
  readonly redisUrl: string
  readonly runId: string
  readonly clock: Clock
  readonly write: (line: StoredLine) => void
}): Promise<void> {
  const { runId, clock, write } = options
  const redis = new Redis(options.redisUrl, { ...patience, lazyConnect: true, connectionName: 'culprit' })
  let lastError: unknown = null
  redis.on('error', (error) => {
    lastError = error
  })
  try {
    await redis.connect()
    const found = new Map<string, Set<number>>()
    let entries = 0
    let from = '-'
    for (;;) {
      const page = await redis.xrange(dlqStream, from, '+', 'COUNT', pageSize)
      for (const [, fields] of page) {
        const event = eventOf(fields[fields.indexOf('message') + 1] ?? '')
        if (event?.run !== runId) continue
        const events = found.get(event.client)
        if (events) events.add(event.event)
        else found.set(event.client, new Set([event.event]))
      }
      entries += page.length
      const last = page.at(-1)?.[0]
      if (last === undefined || page.length < pageSize) break
      from = after(last)
    }
    for (const [client, events] of found) {
      write({ kind: 'queued', t: clock.now(), client, events: [...events].sort((a, b) => a - b) })
    }
    write({ kind: 'queued-end', t: clock.now(), entries })
  } catch (error) {
    // "Connection is closed." says less than why it is.
    throw lastError ? new Error(messageOf(lastError), { cause: error }) : error
  } finally {
    redis.disconnect()
  }
}

interface EventName {
  readonly run: string
  readonly client: string
  readonly event: number
}

/** The name that we gave an event, from an entry `{type, payload, ...}`. `null` for an entry of somebody else. */
function eventOf(message: string): EventName | null {
  try {
    const { payload } = JSON.parse(message) as { payload: { event_data?: EventName } | string }
    const event = typeof payload === 'string' ? (JSON.parse(payload) as Exclude<typeof payload, string>) : payload
    return event.event_data ?? null
  } catch {
    return null
  }
}

/** The next possible id of a stream: ranges that exclude their start came with Redis 6.2. */
function after(id: string): string {
  const [ms, sequence = '0'] = id.split('-')
  return `${ms}-${BigInt(sequence) + 1n}`
}
