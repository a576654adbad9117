import { Agent } from 'undici'
import { classify, failureOfStatus } from '../failure.ts'
import type { ErrorClass, Failure, Outcome } from '../sample.ts'

const idleConnectionMs = 90_000

export interface Request {
  readonly method: 'GET' | 'POST'
  /** With its query, such as `/api/v1/audit/events?limit=50`. */
  readonly path: string
  /** JSON. */
  readonly body?: string
  /** Sent as Idempotency-Key. */
  readonly idempotencyKey?: string | undefined
  /** From the call to the end of the answer, the connecting included. */
  readonly timeoutMs: number
}

/** How one request ended, in the words of the record. */
export interface Answer {
  readonly outcome: Outcome
  readonly status: number | null
  readonly failure: Failure | null
  /** What the answer said in Retry-After. */
  readonly retryAfterMs?: number
}

/** Sends one request and always resolves: an error is an answer too. */
export type Send = (request: Request) => Promise<Answer>

export interface Sender extends AsyncDisposable {
  readonly send: Send
}

/**
 * HTTP over undici. No cap on connections, so that a request never queues for a socket inside the generator; idle ones
 * are kept for 90 s, as the real client keeps them. Disposing ends the connections and whatever is open on them.
 *
 * Works on undici's `dispatch` because its `request` does not end on an abort while it is still connecting, and does
 * not tell a timeout before the connection stood (a full accept queue) from one after it (a slow service).
 */
export function createSender(baseUrl: string, connectTimeoutMs: number): Sender {
  const agent = new Agent({
    connections: null,
    pipelining: 1,
    keepAliveTimeout: idleConnectionMs,
    keepAliveMaxTimeout: idleConnectionMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs },
  })
  const send: Send = ({ method, path, body, idempotencyKey, timeoutMs }) => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const timedOut = new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError')
    let abort: ((reason: Error) => void) | null = null
    let isOver = false
    let status: number | null = null
    let retryAfterMs: number | null = null
    const end = (failure: Failure | null) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      resolve({
        outcome: failure ? outcomes[failure.errorClass] : 'ok',
        status,
        failure,
        ...(status !== null && retryAfterMs !== null && { retryAfterMs }),
      })
    }
    const timer = setTimeout(() => {
      if (abort) return abort(timedOut)
      end({ errorClass: 'connect-timeout', message: `not connected within ${timeoutMs} ms` })
    }, timeoutMs)
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
        if (isOver) return controller.abort(timedOut)
        abort = (reason) => controller.abort(reason)
      },
      onResponseStart(_controller, statusCode, headers) {
        status = statusCode
        retryAfterMs = readRetryAfter(headers['retry-after'])
      },
      onResponseData() {},
      onResponseEnd: () => end(failureOfStatus(status ?? 0)),
      onResponseError(_controller, error) {
        // A status whose body broke off is no answer.
        status = null
        end(classify(error))
      },
    })
    return promise
  }
  return { send, [Symbol.asyncDispose]: () => agent.destroy() }
}

/**
 * `failed`: surely not done. A connection that never stood carried nothing, and the batch endpoint is all or nothing,
 * so an error status means nothing was stored. After a reset or a timeout, nobody knows.
 */
const outcomes: Readonly<Record<ErrorClass, Outcome>> = {
  refused: 'failed',
  'connect-timeout': 'failed',
  local: 'failed',
  '4xx': 'failed',
  '5xx': 'failed',
  timeout: 'unknown',
  reset: 'unknown',
}

/** Milliseconds from now, out of seconds or an HTTP date. `null`: the answer has neither. */
function readRetryAfter(header: string | string[] | undefined): number | null {
  const text = [header].flat()[0]?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const atEpochMs = Date.parse(text)
  return Number.isNaN(atEpochMs) ? null : Math.max(0, atEpochMs - Date.now())
}
