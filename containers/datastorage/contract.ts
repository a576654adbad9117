/**
 * What goes over the wire. openapi.json is the source: its schemas validate requests, and it is served as it is. Here is
 * what the program needs of it, and the TypeScript face of an event.
 */
import crypto from 'node:crypto'
import openapi from './openapi.json' with { type: 'json' }

export { openapi }

/** The name under which validators know the document, for references into it. */
export const documentId = 'openapi.json'

/** Where single events are written and all events are found, and where batches are written. */
export const eventsPath = '/api/v1/audit/events'
export const batchPath = '/api/v1/audit/events/batch'

const schemaRef = (name: keyof typeof openapi.components.schemas) => ({
  $ref: `${documentId}#/components/schemas/${name}`,
})

/** The schemas of the request bodies. */
export const eventSchema = schemaRef('AuditEvent')
export const batchSchema = schemaRef('AuditEventBatch')

/** The schema of the query string, from the document's parameters. A misspelt filter would answer with everything. */
export const querySchema = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(openapi.paths[eventsPath].get.parameters.map(({ name, schema }) => [name, schema])),
}

/** One audit event as a client sends it; field names are the wire's. */
export interface AuditEvent {
  version: string
  event_type: string
  event_timestamp: string
  event_category: string
  event_action: string
  event_outcome: string
  correlation_id: string
  event_data: Record<string, unknown>
  actor_type?: string
  actor_id?: string
  resource_type?: string
  resource_id?: string
  parent_event_id?: string | null
  namespace?: string | null
  cluster_name?: string | null
  severity?: string | null
  duration_ms?: number | null
}

/** An event with the id that it is, or will be, stored under. It gets one once: whoever stores it again stores nothing. */
export interface IdentifiedEvent extends AuditEvent {
  event_id: string
}

/**
 * Makes a new event's id. It rises with time, so that the newest stand together in the primary key, however large that is;
 * from a Node before 24.16 it is a random one.
 */
export const newEventId: () => string = crypto.randomUUIDv7 ?? crypto.randomUUID
