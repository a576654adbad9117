/** POST /api/v1/audit/events/batch: all or nothing, and no dead-letter queue. */
import type { FastifyInstance } from 'fastify'
import type { Admission } from './admission.ts'
import { type AuditEvent, batchPath, batchSchema, type IdentifiedEvent, newEventId } from './contract.ts'
import { batchFault } from './faults.ts'
import { Abandoned, type Origin, readIdempotencyKey } from './origin.ts'
import { Problem } from './problem.ts'
import { EventRejected } from './rejection.ts'
import type { WriteParts } from './write-parts.ts'

/** Serves batches. */
export function useBatchRoute(
  app: FastifyInstance,
  admission: Admission,
  { behaviour, metrics, limits, selfAudit }: WriteParts,
): void {
  app.route<{ Body: AuditEvent[] }>({
    method: 'POST',
    url: batchPath,
    schema: { body: batchSchema },
    attachValidation: true,
    onRequest: admission.admit,
    async handler(request, reply) {
      const error = request.validationError?.validation?.[0]
      if (error) {
        const { detail, field, reason } = batchFault(error)
        metrics.validationFailures.inc({ field, reason })
        throw new Problem(400, detail)
      }
      const idempotency = readIdempotencyKey(request.headers['idempotency-key'], request.body)
      const events = request.body.map((event): IdentifiedEvent => Object.assign(event, { event_id: newEventId() }))
      const eventIds = await admission.during(request, events.length, (abandoned) =>
        store(events, { abandoned, idempotency }),
      )
      return reply.code(201).send({
        event_ids: eventIds,
        message: `${events.length} audit events created successfully`,
      })
    },
  })

  async function store(events: IdentifiedEvent[], origin: Origin): Promise<readonly string[]> {
    try {
      const eventIds = await behaviour.write(events, limits.batchMs, origin)
      // Under other ids an earlier request has stored them, and noted it.
      if (eventIds[0] === events[0]?.event_id) selfAudit.written(events)
      return eventIds
    } catch (error) {
      if (error instanceof Problem) throw error
      if (error instanceof Abandoned) throw new Problem(503, error.message, { cause: error })
      if (error instanceof EventRejected) {
        metrics.validationFailures.inc({ field: error.field, reason: 'database' })
        throw new Problem(400, `event ${error.index}: ${error.message}`, { cause: error })
      }
      const why = error instanceof Error ? error.message : String(error)
      throw new Problem(500, `the batch was not stored: ${why}`, { cause: error })
    }
  }
}
