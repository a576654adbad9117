import type { ErrorClass, Failure } from './sample.ts'

/**
 * What each error code of Node and undici says about the connection. Codes that are missing here count as `local`: the
 * request did not leave this machine as it should.
 */
const classes: Readonly<Record<string, ErrorClass>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  // "other side closed": a FIN where an answer was due.
  UND_ERR_SOCKET: 'reset',
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  ETIMEDOUT: 'connect-timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_ABORTED: 'timeout',
  EADDRNOTAVAIL: 'local',
  EADDRINUSE: 'local',
  EMFILE: 'local',
}

interface SystemError extends Error {
  readonly code?: unknown
  readonly errno?: unknown
  readonly syscall?: unknown
}

/**
 * What the client saw, from the error that a request ended with. Keeps the code, errno, syscall and message, because
 * Node reports FIN and RST both as ECONNRESET: errno -104 with syscall `read` is a real RST.
 */
export function classify(error: unknown): Failure {
  const origin = originOf(error)
  if (!(origin instanceof Error)) return { errorClass: 'local', message: String(origin) }
  const { code, errno, syscall, message } = origin as SystemError
  return {
    errorClass: classOf(origin.name, typeof code === 'string' ? code : ''),
    ...(typeof code === 'string' && { code }),
    ...(typeof errno === 'number' && { errno }),
    ...(typeof syscall === 'string' && { syscall }),
    message,
  }
}

/** The failure that an HTTP status stands for; `null` for 2xx. Statuses below 200 and 3xx are no answer to our requests. */
export function failureOfStatus(status: number): Failure | null {
  if (status >= 200 && status < 300) return null
  return { errorClass: status >= 500 ? '5xx' : '4xx', message: `status ${status}` }
}

function classOf(name: string, code: string): ErrorClass {
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout'
  // The answer was no HTTP (undici leaves some without a code): as after a reset, nobody knows whether the work was done.
  if (name === 'HTTPParserError' || code.startsWith('HPE_')) return 'reset'
  return classes[code] ?? 'local'
}

/** The error that says most: behind an AggregateError (one for each address tried) and causes that name a known code. */
function originOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause
  const { code } = error as SystemError
  const isKnown = typeof code === 'string' && code in classes && !(error instanceof AggregateError)
  return isKnown || inner === undefined ? error : originOf(inner)
}
