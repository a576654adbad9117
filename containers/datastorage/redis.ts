/** The connection to Redis. */
import { Redis } from 'ioredis'
import type { Log } from './log.ts'

const reconnectMs = 100

/**
 * Connects, and keeps connecting for as long as the service runs. While there is no connection, commands fail at once:
 * what waits in a queue of the client's would be done after its caller has given up.
 */
export async function connectRedis(url: string, log: Log): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectionName: 'datastorage',
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Without it, commands that were under way when the connection broke would neither succeed nor fail, for ever.
    maxRetriesPerRequest: 0,
    retryStrategy: () => reconnectMs,
  })
  let reason = ''
  redis.on('error', (error) => {
    // Once for each reason: while Redis is away, an attempt fails each tenth of a second.
    if (reason !== String(error)) log.warn({ err: error }, 'redis connection error')
    reason = String(error)
  })
  redis.on('ready', () => {
    reason = ''
  })
  try {
    await redis.connect()
    await warnUnlessDurable(redis, log)
    return redis
  } catch (cause) {
    redis.disconnect()
    throw new Error(`redis could not be reached: ${reason || cause}; check REDIS_URL`, { cause })
  }
}

async function warnUnlessDurable(redis: Redis, log: Log): Promise<void> {
  const info = await redis.info('persistence')
  if (/^aof_enabled:1/m.test(info)) return
  log.warn({}, 'redis keeps no append-only file: events answered with 202 are lost when it restarts')
}
