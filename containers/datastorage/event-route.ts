/** POST /api/v1/audit/events: one event; when the database fails, the dead-letter queue takes it. */
import type { FastifyInstance } from 'fastify'
import type { Admission } from './admission.ts'
import { type AuditEvent, eventSchema, eventsPath, type IdentifiedEvent, newEventId } from './contract.ts'
import type { DeadLetterQueue } from './dead-letters/queue.ts'
import { eventFault } from './faults.ts'
import type { Log } from './log.ts'
import { Abandoned, type Origin } from './origin.ts'
import { Problem } from './problem.ts'
import { EventRejected } from './rejection.ts'
import type { WriteParts } from './write-parts.ts'

/** Serves single events. */
export function useEventRoute(
  app: FastifyInstance,
  admission: Admission,
  { behaviour, metrics, limits, selfAudit }: WriteParts,
  deadLetters: DeadLetterQueue,
): void {
  const log: Log = app.log
  app.route<{ Body: AuditEvent }>({
    method: 'POST',
    url: eventsPath,
    schema: { body: eventSchema },
    attachValidation: true,
    onRequest: admission.admit,
    async handler(request, reply) {
      const error = request.validationError?.validation?.[0]
      if (error) {
        const { detail, field, reason } = eventFault(error)
        metrics.validationFailures.inc({ field, reason })
        throw new Problem(400, detail)
      }
      const event: IdentifiedEvent = Object.assign(request.body, { event_id: newEventId() })
      const outcome = await admission.during(request, 1, (abandoned) => store(event, { abandoned }))
      if (outcome === 'queued') {
        return reply.code(202).send({
          status: 'accepted',
          message: 'the database failed: the audit event is queued and will be stored later',
        })
      }
      const { event_id, event_timestamp } = event
      return reply.code(201).send({ event_id, event_timestamp, message: 'audit event created successfully' })
    },
  })

  async function store(event: IdentifiedEvent, origin: Origin): Promise<'stored' | 'queued'> {
    try {
      await behaviour.write([event], limits.singleMs, origin)
      selfAudit.written([event])
      return 'stored'
    } catch (error) {
      if (error instanceof EventRejected) {
        metrics.validationFailures.inc({ field: error.field, reason: 'database' })
        throw new Problem(400, error.message, { cause: error })
      }
      // It will be sent again, by a client that has not heard of it: no dead letter.
      if (error instanceof Abandoned) throw new Problem(503, error.message, { cause: error })
      return queue(event, error)
    }
  }

  async function queue(event: IdentifiedEvent, failure: unknown): Promise<'queued'> {
    const why = failure instanceof Error ? failure.message : String(failure)
    try {
      await deadLetters.add(event, why)
    } catch (cause) {
      const alsoWhy = cause instanceof Error ? cause.message : String(cause)
      throw new Problem(500, `the event was not stored: ${why}; nor did the dead-letter queue take it: ${alsoWhy}`, {
        cause,
      })
    }
    log.warn({ err: failure, event_id: event.event_id }, 'the database failed, the event is in the dead-letter queue')
    return 'queued'
  }
}
