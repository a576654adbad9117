/**
 * What goes over the wire: the event's JSON Schema, in the words that an OpenAPI document can reuse, and the sentences
 * that tell a client what was wrong with its request.
 */

const nullableText = { type: ['string', 'null'] } as const
const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength }) as const

/** The services that may write audit events. */
export const eventCategories = [
  'gateway',
  'notification',
  'analysis',
  'signalprocessing',
  'workflow',
  'execution',
  'orchestration',
] as const

/** How an audited action ended. */
export const eventOutcomes = ['success', 'failure', 'pending'] as const

/** JSON Schema of one event in a request. Unknown fields are accepted and ignored; the service makes `event_id`. */
export const eventSchema = {
  type: 'object',
  required: [
    'version',
    'event_type',
    'event_timestamp',
    'event_category',
    'event_action',
    'event_outcome',
    'correlation_id',
    'event_data',
  ],
  properties: {
    version: text(20),
    event_type: text(100),
    event_timestamp: { type: 'string', format: 'date-time' },
    event_category: { type: 'string', enum: eventCategories },
    event_action: text(50),
    event_outcome: { type: 'string', enum: eventOutcomes },
    correlation_id: text(255),
    event_data: { type: 'object' },
    actor_type: { type: 'string' },
    actor_id: { type: 'string' },
    resource_type: { type: 'string' },
    resource_id: { type: 'string' },
    parent_event_id: { type: ['string', 'null'], format: 'uuid' },
    namespace: nullableText,
    cluster_name: nullableText,
    severity: nullableText,
    // The column is a 32-bit integer.
    duration_ms: { type: ['integer', 'null'], minimum: -2147483648, maximum: 2147483647 },
  },
} as const

/** JSON Schema of the batch request's body. */
export const batchSchema = { type: 'array', minItems: 1, items: eventSchema } as const

/** One audit event as a client sends it; field names are the wire's. */
export interface AuditEvent {
  version: string
  event_type: string
  event_timestamp: string
  event_category: (typeof eventCategories)[number]
  event_action: string
  event_outcome: (typeof eventOutcomes)[number]
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

/** The part of an Ajv error that a problem's sentence is made of. */
export interface SchemaError {
  keyword: string
  instancePath: string
  params: Record<string, unknown>
  message?: string
}

/** A bad batch in a client's words, and in the two labels that the validation metric counts it by. */
export interface BadBatch {
  detail: string
  field: string
  reason: string
}

/** Says which event and field of a batch broke the schema, for example `event 3: event_type is required`. */
export function describeBadBatch(error: SchemaError): BadBatch {
  const [, index, ...path] = error.instancePath.split('/')
  const reason = error.keyword
  if (index === undefined) {
    const detail =
      reason === 'minItems' ? 'the batch is empty: send at least one event' : 'the body must be a JSON array of events'
    return { detail, field: 'body', reason }
  }
  if (reason === 'required') {
    const field = String(error.params.missingProperty)
    return { detail: `event ${index}: ${field} is required`, field, reason }
  }
  const field = path.join('.')
  const detail = [`event ${index}:`, field, expectation(error)].filter(Boolean).join(' ')
  return { detail, field: field || 'event', reason }
}

function expectation({ keyword, params, message }: SchemaError): string {
  if (keyword === 'enum' && Array.isArray(params.allowedValues))
    return `must be one of ${params.allowedValues.join(', ')}`
  if (keyword === 'format' && params.format === 'date-time')
    return 'must be an RFC 3339 time such as 2025-12-24T14:22:39Z'
  if (keyword === 'format') return `must be a ${String(params.format)}`
  if (keyword === 'type') return `must be ${[params.type].flat().join(' or ')}`
  return (message ?? `breaks the rule ${keyword}`).replace('must NOT', 'must not')
}
