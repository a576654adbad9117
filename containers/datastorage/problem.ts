/** RFC 7807: every error that leaves the service is `application/problem+json`. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const mediaType = 'application/problem+json'

/** An error that a client is told about: `status` is the HTTP status, the message becomes the problem's `detail`. */
export class Problem extends Error {
  readonly status: number
  constructor(status: number, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'Problem'
    this.status = status
  }
}

/** The members of a problem document. `about:blank` means that the title is the status's own phrase. */
export function problemBody(status: number, detail: string, instance?: string) {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, instance }
}

/** Answers with a problem document about this request. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  detail: string,
): FastifyReply {
  const instance = request.url.split('?')[0]
  return reply
    .code(status)
    .type(mediaType)
    .send(problemBody(status, detail, instance))
}

/** Turns anything thrown in a route into a problem; what is the service's own fault is logged with its cause. */
export function answerError(error: FastifyError | Problem, request: FastifyRequest, reply: FastifyReply): void {
  const status = error instanceof Problem ? error.status : (error.statusCode ?? 500)
  if (status >= 500) request.log.error({ err: error }, 'request failed')
  sendProblem(request, reply, status, error.message)
}

/** Makes problems the answer to every error of the server: thrown ones, unknown paths. */
export function useProblems(app: FastifyInstance): void {
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => {
    sendProblem(request, reply, 404, `nothing is served at ${request.method} ${request.url.split('?')[0]}`)
  })
}

/** Answers bytes that are not HTTP; there is no request then, only a socket. */
export function answerBadHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const body = JSON.stringify(problemBody(status, `the request could not be read: ${error.message}`))
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${mediaType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`
  socket.end(head + body)
}
