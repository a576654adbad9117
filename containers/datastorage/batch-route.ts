/** POST /api/v1/audit/events/batch */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { type AuditEvent, batchSchema, describeBadBatch } from './contract.ts'
import type { InFlight, InFlightTracker } from './in-flight.ts'
import type { Metrics } from './metrics.ts'
import { Problem } from './problem.ts'
import type { Behaviour } from './profiles/profile.ts'
import { EventRejected } from './repository.ts'

/** Serves batches: admission before the body is read, then validation, then the profile's write. */
export function useBatchRoute(
  app: FastifyInstance,
  { behaviour, metrics, inFlight }: { behaviour: Behaviour; metrics: Metrics; inFlight: InFlightTracker },
): void {
  const accepted = new WeakMap<IncomingMessage, InFlight>()

  app.route<{ Body: AuditEvent[] }>({
    method: 'POST',
    url: '/api/v1/audit/events/batch',
    schema: { body: batchSchema },
    attachValidation: true,
    async onRequest(request, reply) {
      if (behaviour.admit(inFlight.awaitingAnswer()) === 'accept') {
        accepted.set(request.raw, inFlight.accept(reply.raw))
        return
      }
      metrics.requestsReset.inc()
      reply.hijack()
      request.raw.socket.resetAndDestroy()
    },
    async handler(request, reply) {
      const fault = request.validationError?.validation?.[0]
      if (fault) {
        const { detail, field, reason } = describeBadBatch(fault)
        metrics.validationFailures.inc({ field, reason })
        throw new Problem(400, detail)
      }
      const tracked = accepted.get(request.raw)
      if (!tracked) throw new Error('a batch reached its handler without having been admitted')
      const eventIds = await tracked.during(() => store(request.body))
      return reply
        .code(201)
        .send({ event_ids: eventIds, message: `${eventIds.length} audit events created successfully` })
    },
  })

  async function store(events: AuditEvent[]): Promise<string[]> {
    metrics.eventsPending.inc(events.length)
    try {
      return await behaviour.write(events)
    } catch (error) {
      if (error instanceof EventRejected) {
        metrics.validationFailures.inc({ field: 'event', reason: 'database' })
        throw new Problem(400, error.message, { cause: error })
      }
      const why = error instanceof Error ? error.message : String(error)
      throw new Problem(500, `the batch was not stored: ${why}`, { cause: error })
    } finally {
      metrics.eventsPending.dec(events.length)
    }
  }
}
