/** What was wrong with a request, in a client's words and in the labels that the validation metric counts by. */

/** The part of an Ajv error that a sentence is made of. */
export interface SchemaError {
  keyword: string
  instancePath: string
  schemaPath: string
  params: Record<string, unknown>
  message?: string
}

/** One fault of a request. */
export interface Fault {
  /** A sentence, for a problem's detail. */
  detail: string
  field: string
  reason: string
}

/** Says which field of a single event broke the schema, for example `event_type is required`. */
export function eventFault(error: SchemaError): Fault {
  const [, ...path] = error.instancePath.split('/')
  return faultAt(path, error, 'the body must be a JSON object, the event')
}

/** Says which event and field of a batch broke the schema, for example `event 3: event_type is required`. */
export function batchFault(error: SchemaError): Fault {
  const [, index, ...path] = error.instancePath.split('/')
  if (index !== undefined) {
    const fault = faultAt(path, error, 'must be object')
    return { ...fault, detail: `event ${index}: ${fault.detail}` }
  }
  const detail =
    error.keyword === 'minItems'
      ? 'the batch is empty: send at least one event'
      : 'the body must be a JSON array of events'
  return { detail, field: 'body', reason: error.keyword }
}

/** Says what is wrong with each bad parameter of a query string. */
export function queryFaults(errors: readonly SchemaError[]): Fault[] {
  const outermost = errors.filter(({ schemaPath }) => !schemaPath.includes('/anyOf/'))
  return outermost.map((error) => {
    if (error.keyword !== 'additionalProperties') return faultAt(error.instancePath.split('/').slice(1), error, '')
    const name = String(error.params.additionalProperty)
    // Not as a label: anybody could make a new time series with each request.
    return { detail: `${name} is not a parameter`, field: 'unknown', reason: 'query' }
  })
}

function faultAt(path: readonly string[], error: SchemaError, notAnObject: string): Fault {
  const reason = error.keyword
  if (reason === 'required') {
    const field = String(error.params.missingProperty)
    return { detail: `${field} is required`, field, reason }
  }
  const field = path.join('.')
  if (!field) return { detail: notAnObject, field: 'event', reason }
  return { detail: `${field} ${expectation(error)}`, field, reason }
}

function expectation({ keyword, params, message }: SchemaError): string {
  switch (keyword) {
    case 'enum':
      return `must be one of ${[params.allowedValues].flat().join(', ')}`
    case 'format':
      return params.format === 'date-time'
        ? 'must be an RFC 3339 time such as 2025-12-24T14:22:39Z'
        : `must be a ${params.format}`
    case 'type':
      return `must be ${[params.type].flat().join(' or ')}`
    case 'anyOf':
      return 'must be relative such as 24h, or an RFC 3339 time'
    case 'pattern':
      return 'must not contain a NUL character or half of a surrogate pair'
    case 'x-storable-depth':
      return 'must not be nested too deeply, nor hold NUL characters, halves of surrogate pairs or numbers beyond a double'
    default:
      return (message ?? `breaks the rule ${keyword}`).replace('must NOT', 'must not')
  }
}
