/** The routes that only read: events, health, metrics, the API's own document. */
import type { FastifyInstance } from 'fastify'
import { eventsPath, openapi, querySchema } from './contract.ts'
import { type RawEventQuery, toEventQuery } from './event-query.ts'
import { queryFaults } from './faults.ts'
import type { Metrics } from './metrics.ts'
import { Problem } from './problem.ts'
import type { Repository } from './repository.ts'

/** After this long without an answer of the database, the service calls itself unhealthy. */
const healthLimitMs = 5_000

/** GET /api/v1/audit/events: newest first, filtered and paged. */
export function useQueryRoute(app: FastifyInstance, repository: Repository, metrics: Metrics, limitMs: number): void {
  app.route<{ Querystring: RawEventQuery }>({
    method: 'GET',
    url: eventsPath,
    schema: { querystring: querySchema },
    attachValidation: true,
    async handler(request) {
      const faults = queryFaults(request.validationError?.validation ?? [])
      for (const { field, reason } of faults) metrics.validationFailures.inc({ field, reason })
      if (faults.length > 0) throw new Problem(400, faults.map(({ detail }) => detail).join('; '))
      const query = toEventQuery(request.query)
      const { events, total } = await repository.find(query, limitMs)
      const { limit, offset } = query
      return { data: events, pagination: { limit, offset, total, has_more: offset + events.length < total } }
    },
  })
}

/** GET /openapi.json: the document that requests are validated by. */
export function useDocumentRoute(app: FastifyInstance): void {
  app.get('/openapi.json', async () => openapi)
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
  try {
    await repository.ping(healthLimitMs)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message || error.name : String(error)
  }
}
