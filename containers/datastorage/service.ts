/** Puts the service together, starts it and stops it. */
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import { createAdmission } from './admission.ts'
import { useBatchRoute } from './batch-route.ts'
import type { Config } from './config.ts'
import { createPool, makePartitions, migrate } from './database.ts'
import { joinGroup } from './dead-letters/consumer.ts'
import { openQueue } from './dead-letters/queue.ts'
import { startWorker } from './dead-letters/worker.ts'
import { useEventRoute } from './event-route.ts'
import { trackInFlight } from './in-flight.ts'
import type { Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { findProfile } from './profiles/index.ts'
import { connectRedis } from './redis.ts'
import { createRepository } from './repository.ts'
import { useDocumentRoute, useHealthRoutes, useMetricsRoute, useQueryRoute } from './routes.ts'
import { noSelfAudit, startSelfAudit } from './self-audit.ts'
import { createServer } from './server.ts'
import type { WriteParts } from './write-parts.ts'

/** A service that is ready for requests. */
export interface Service {
  port: number
  /** Not ready any more; after a pause no new connections; then finishes what is in progress, and lets go of everything. */
  stop(): Promise<void>
}

/** Starts the service; rejects with an error that names what could not be reached. */
export async function startService(config: Config): Promise<Service> {
  const app = createServer({
    logLevel: config.DATASTORAGE_LOG_LEVEL,
    requestTimeoutMs: config.DATASTORAGE_REQUEST_LIMIT_MS,
  })
  const log: Log = app.log
  const pool = await openDatabase(config, log)
  const redis = await connectRedis(config.REDIS_URL, log)

  const metrics = createMetrics(pool)
  const repository = createRepository(pool, metrics, config.DATASTORAGE_INSERT)
  const profile = findProfile(config.DATASTORAGE_PROFILE)
  if (!profile) throw new Error(`no profile is named ${config.DATASTORAGE_PROFILE}`)
  const behaviour = await profile.start(config.DATASTORAGE_PROFILE_OPTIONS, { pool, repository, metrics, log })
  const limits = limitsOf(config)
  const selfAudit =
    config.DATASTORAGE_SELF_AUDIT === 'off' ? noSelfAudit : startSelfAudit(repository, limits.batchMs, metrics, log)
  const queueOptions = { maxLength: config.DATASTORAGE_DLQ_MAX_LENGTH, limitMs: config.DATASTORAGE_DLQ_LIMIT_MS }
  const deadLetters = openQueue(redis, queueOptions, metrics)
  const worker = startWorker({ consumer: await joinGroup(redis), repository, metrics, log }, workerOptions(config))
  const partitions = setInterval(() => {
    makePartitions(config.DATABASE_URL).catch((error) => log.warn({ err: error }, 'partitions were not made ahead'))
  }, config.DATASTORAGE_PARTITIONS_EVERY_MS)

  let stopping = false
  let closing = false
  const inFlight = trackInFlight(metrics, config.DATASTORAGE_ABANDONED === 'drop')
  const backlog = { requests: config.DATASTORAGE_MAX_BACKLOG, retryAfterS: config.DATASTORAGE_RETRY_AFTER_S }
  const admission = createAdmission(behaviour, metrics, inFlight, backlog)
  const writeParts: WriteParts = { behaviour, metrics, limits, selfAudit }
  useBatchRoute(app, admission, writeParts)
  useEventRoute(app, admission, writeParts, deadLetters)
  useQueryRoute(app, repository, metrics, limits.queryMs)
  useHealthRoutes(app, repository, () => stopping)
  useMetricsRoute(app, metrics)
  useDocumentRoute(app)
  app.addHook('onSend', async (_request, reply) => {
    // An idle connection left open would hold up the stop until its timeout.
    if (closing) reply.header('connection', 'close')
  })
  await app.listen({ host: config.DATASTORAGE_HOST, port: config.DATASTORAGE_PORT }).catch((cause: Error) => {
    throw new Error(`${cause.message}; set DATASTORAGE_HOST and DATASTORAGE_PORT to a free address`, { cause })
  })
  const { port } = app.server.address() as AddressInfo
  log.info({ port }, 'listening')

  async function drain(): Promise<void> {
    const drainLimitMs = config.DATASTORAGE_SHUTDOWN_DRAIN_MS
    const closed = app.close()
    const drained = Promise.all([closed, inFlight.idle()]).then(() => true)
    if (!(await Promise.race([drained, delay(drainLimitMs, false, { ref: false })]))) {
      log.warn({ drainLimitMs }, 'requests still in progress are given up')
    }
    await behaviour.close()
    app.server.closeAllConnections()
    await closed
  }

  return {
    port,
    async stop() {
      stopping = true
      log.info({}, 'stopping')
      await delay(config.DATASTORAGE_SHUTDOWN_PAUSE_MS)
      closing = true
      await drain()
      clearInterval(partitions)
      await worker.stop(config.DATASTORAGE_SHUTDOWN_DLQ_MS)
      await selfAudit.stop()
      redis.disconnect()
      await pool.end()
      log.info({}, 'stopped')
    },
  }
}

async function openDatabase(config: Config, log: Log): Promise<Pool> {
  const pool = createPool(
    {
      databaseUrl: config.DATABASE_URL,
      max: config.DATASTORAGE_POOL_MAX,
      idle: config.DATASTORAGE_POOL_IDLE,
      acquireLimitMs: config.DATASTORAGE_ACQUIRE_LIMIT_MS,
      statementLimitMs: Math.max(...Object.values(limitsOf(config))),
    },
    log,
  )
  try {
    await migrate(config.DATABASE_URL)
    // Proves that the user may work as the application's role.
    await pool.query('SELECT 1')
    return pool
  } catch (cause) {
    const why = cause instanceof Error ? cause.message || cause.name : cause
    throw new Error(`the database could not be prepared: ${why}; check DATABASE_URL and its user's rights`, { cause })
  }
}

function limitsOf(config: Config): WriteParts['limits'] {
  return {
    singleMs: config.DATASTORAGE_SINGLE_LIMIT_MS,
    batchMs: config.DATASTORAGE_BATCH_LIMIT_MS,
    queryMs: config.DATASTORAGE_QUERY_LIMIT_MS,
  }
}

function workerOptions(config: Config) {
  return {
    pollMs: config.DATASTORAGE_DLQ_POLL_MS,
    scheduleMs: config.DATASTORAGE_DLQ_SCHEDULE,
    claimIdleMs: config.DATASTORAGE_DLQ_CLAIM_IDLE_MS,
    storeLimitMs: config.DATASTORAGE_SINGLE_LIMIT_MS,
  }
}
