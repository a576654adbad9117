/** Puts the service together, starts it and stops it. */
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { useBatchRoute } from './batch-route.ts'
import type { Config } from './config.ts'
import { createPool, migrate } from './database.ts'
import { trackInFlight } from './in-flight.ts'
import type { Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { findProfile } from './profiles/index.ts'
import { createRepository } from './repository.ts'
import { useHealthRoutes, useMetricsRoute, useQueryRoute } from './routes.ts'
import { createServer } from './server.ts'

/** How long a stop waits for requests in progress, as the real service does. */
const drainLimitMs = 30_000

/** A service that is ready for requests. */
export interface Service {
  port: number
  /** Not ready any more, no new connections; then finishes what is in progress and lets go of the databases. */
  stop(): Promise<void>
}

/** Starts the service; rejects with an error that names what could not be reached. */
export async function startService(config: Config): Promise<Service> {
  const app = createServer(config.DATASTORAGE_LOG_LEVEL)
  const log: Log = app.log
  const pool = createPool(
    { databaseUrl: config.DATABASE_URL, max: config.DATASTORAGE_POOL_MAX, idle: config.DATASTORAGE_POOL_IDLE },
    log,
  )
  await migrate(pool).catch((cause: Error) => {
    throw new Error(`the database could not be prepared: ${cause.message}; check DATABASE_URL and its user's rights`, {
      cause,
    })
  })
  const redis = await connectRedis(config.REDIS_URL, log)

  const metrics = createMetrics(pool)
  const repository = createRepository(pool, metrics)
  const profile = findProfile(config.DATASTORAGE_PROFILE)
  if (!profile) throw new Error(`no profile is named ${config.DATASTORAGE_PROFILE}`)
  const behaviour = await profile.start(config.DATASTORAGE_PROFILE_OPTIONS, { pool, repository, metrics, log })

  let stopping = false
  const inFlight = trackInFlight(metrics)
  useBatchRoute(app, { behaviour, metrics, inFlight })
  useQueryRoute(app, repository, metrics)
  useHealthRoutes(app, repository, () => stopping)
  useMetricsRoute(app, metrics)
  app.addHook('onSend', async (_request, reply) => {
    // An idle connection left open would hold up the stop until its timeout.
    if (stopping) reply.header('connection', 'close')
  })
  await app.listen({ host: config.DATASTORAGE_HOST, port: config.DATASTORAGE_PORT }).catch((cause: Error) => {
    throw new Error(`${cause.message}; set DATASTORAGE_HOST and DATASTORAGE_PORT to a free address`, { cause })
  })
  const { port } = app.server.address() as AddressInfo
  log.info({ port }, 'listening')

  return {
    port,
    async stop() {
      stopping = true
      log.info({}, 'stopping')
      const closed = app.close()
      const drained = Promise.all([closed, inFlight.idle()]).then(() => true)
      if (!(await Promise.race([drained, setTimeout(drainLimitMs, false, { ref: false })]))) {
        log.warn({ drainLimitMs }, 'requests still in progress are given up')
      }
      await behaviour.close()
      app.server.closeAllConnections()
      await closed
      redis.disconnect()
      await pool.end()
      log.info({}, 'stopped')
    },
  }
}

async function connectRedis(url: string, log: Log): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true, connectionName: 'datastorage' })
  let reason = ''
  redis.on('error', (error) => {
    reason = error.message || error.name
    log.warn({ err: error }, 'redis connection error')
  })
  try {
    await redis.connect()
    await redis.ping()
    return redis
  } catch (cause) {
    redis.disconnect()
    throw new Error(`redis could not be reached: ${reason || cause}; check REDIS_URL`, { cause })
  }
}
