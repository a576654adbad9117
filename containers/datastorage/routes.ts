/** The routes that only read: events, health, metrics. */
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { describeBadQuery, eventQuerySchema } from './event-query.ts'
import type { Metrics } from './metrics.ts'
import { Problem } from './problem.ts'
import type { Repository } from './repository.ts'

/** After this long without an answer of the database, the service calls itself unhealthy. */
const healthLimitMs = 5_000

/** GET /api/v1/audit/events: newest first, filtered and paged. */
export function useQueryRoute(app: FastifyInstance, repository: Repository, metrics: Metrics): void {
  app.get('/api/v1/audit/events', async (request) => {
    const query = eventQuerySchema.safeParse(request.query)
    if (!query.success) {
      const { detail, fields } = describeBadQuery(query.error)
      for (const field of fields) metrics.validationFailures.inc({ field, reason: 'query' })
      throw new Problem(400, detail)
    }
    const { limit, offset } = query.data
    const { events, total } = await repository.find(query.data)
    return { data: events, pagination: { limit, offset, total, has_more: offset + events.length < total } }
  })
}

/** The three health paths. The first two ask the database through the pool: a used-up pool looks like a dead service. */
export function useHealthRoutes(app: FastifyInstance, repository: Repository, isStopping: () => boolean): void {
  app.get('/health', async (_request, reply) => {
    const trouble = await databaseTrouble(repository)
    if (!trouble) return { status: 'healthy', database: 'connected' }
    return reply.code(503).send({ status: 'unhealthy', database: 'disconnected', error: trouble })
  })
  app.get('/health/ready', async (_request, reply) => {
    const reason = isStopping() ? 'shutting down' : await databaseTrouble(repository)
    return reason ? reply.code(503).send({ status: 'not_ready', reason }) : { status: 'ready' }
  })
  app.get('/health/live', async () => ({ status: 'alive' }))
}

/** GET /metrics: answers without the database. */
export function useMetricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.get('/metrics', async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
}

async function databaseTrouble(repository: Repository): Promise<string | undefined> {
  const tooLate = new AbortController()
  try {
    return await Promise.race([
      repository.ping().then(() => undefined),
      setTimeout(healthLimitMs, `no answer of the database in ${healthLimitMs} ms`, {
        signal: tooLate.signal,
        ref: false,
      }),
    ])
  } catch (error) {
    return error instanceof Error ? error.message || error.name : String(error)
  } finally {
    tooLate.abort()
  }
}
