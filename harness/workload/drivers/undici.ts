import { Agent } from 'undici'
import {
  type Answer,
  answered,
  type Driver,
  idleConnectionMs,
  notConnected,
  type Send,
  timedOut,
  unanswered,
} from './driver.ts'

/**
 * HTTP and HTTPS over undici.
 *
 * Works on its `dispatch` because its `request` does not end on an abort while it is still connecting, and does not tell
 * a timeout before the connection stood (a full accept queue) from one after it (a slow service). To find a connection it
 * looks at one after another, so that thousands of them make it slow.
 */
export const undiciDriver: Driver = (baseUrl, connectTimeoutMs) => {
  const agent = new Agent({
    connections: null,
    pipelining: 1,
    keepAliveTimeout: idleConnectionMs,
    keepAliveMaxTimeout: idleConnectionMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs },
  })
  const send: Send = ({ method, path, body, idempotencyKey, timeoutMs }, ended) => {
    let abort: ((reason: Error) => void) | null = null
    let isOver = false
    let status = 0
    let retryAfter: string | null = null
    const end = (answer: Answer) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      ended(answer)
    }
    const timer = setTimeout(() => (abort ? abort(timedOut(timeoutMs)) : end(notConnected(timeoutMs))), timeoutMs)
    const options = {
      origin: baseUrl,
      path,
      method,
      body: body ?? null,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
    }
    agent.dispatch(options, {
      // Called when the request is about to be written to a connection that stands.
      onRequestStart(controller) {
        if (isOver) return controller.abort(timedOut(timeoutMs))
        abort = (reason) => controller.abort(reason)
      },
      onResponseStart(_controller, statusCode, headers) {
        status = statusCode
        retryAfter = [headers['retry-after']].flat()[0] ?? null
      },
      onResponseData() {},
      onResponseEnd: () => end(answered(status, retryAfter)),
      onResponseError: (_controller, error) => end(unanswered(error)),
    })
  }
  return { send, [Symbol.asyncDispose]: () => agent.destroy() }
}
