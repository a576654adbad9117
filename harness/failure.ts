import type { ErrorClass, Failure } from './sample.ts'

const classes: Readonly<Record<string, ErrorClass>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  // The peer closed in good order (FIN), or broke HTTP off in the middle of an answer.
  UND_ERR_SOCKET: 'reset',
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  ETIMEDOUT: 'connect-timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_ABORTED: 'timeout',
}

/**
 * The class of an error of an HTTP attempt, with what the system said. Node tells a FIN and an RST apart only by `errno` and
 * `syscall` (an RST has errno -104 and syscall `read`), so both are kept.
 */
export function classify(error: unknown): Failure {
  const found = innermost(error)
  const { code, errno, syscall, message, name } = found
  const isTimeout = name === 'TimeoutError' || name === 'AbortError'
  const errorClass = isTimeout ? 'timeout' : (classes[code ?? ''] ?? 'local')
  return {
    errorClass,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof errno === 'number' ? { errno } : {}),
    ...(syscall ? { syscall } : {}),
    ...(message ? { message } : {}),
  }
}

/** The failure that an HTTP status is, if it is one. */
export function classifyStatus(status: number): Failure | null {
  if (status < 400) return null
  return { errorClass: status < 500 ? '4xx' : '5xx', code: String(status) }
}

/** Errors come wrapped: an AggregateError of several addresses, a `cause` below a general error. */
function innermost(error: unknown): NodeJS.ErrnoException {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0])
  if (!(error instanceof Error)) return new Error(String(error))
  const isNamed = typeof (error as NodeJS.ErrnoException).code === 'string'
  return error.cause instanceof Error && !isNamed ? innermost(error.cause) : error
}
