import { classify, failureOfStatus } from '../../failure.ts'
import type { ErrorClass, Failure, Outcome } from '../../sample.ts'

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

/** Sends one request and calls back once, later, whatever happens: an error is an answer too. */
export type Send = (request: Request, ended: (answer: Answer) => void) => void

/** The same for who awaits it. To send takes no promise, which would cost as much as to read the answer. */
export function ask(send: Send, request: Request): Promise<Answer> {
  return new Promise((done) => send(request, done))
}

export interface Sender extends AsyncDisposable {
  readonly send: Send
}

/**
 * A way to send HTTP to one origin, such as `http://127.0.0.1:8080`. All of them have no cap on connections, so that a
 * request never queues for a socket inside the generator, keep idle ones for `idleConnectionMs`, and tell the same
 * endings apart in the same words. Disposing ends the connections and whatever is open on them.
 */
export type Driver = (baseUrl: string, connectTimeoutMs: number) => Sender

/** As the real client keeps them, unless the service's Keep-Alive header says less. */
export const idleConnectionMs = 90_000

/**
 * `failed`: surely not done. A connection that never stood carried nothing, and the batch endpoint is all or nothing,
 * so an error status means nothing was stored. After a reset or a timeout, nobody knows.
 */
export const outcomes: Readonly<Record<ErrorClass, Outcome>> = {
  refused: 'failed',
  'connect-timeout': 'failed',
  local: 'failed',
  '4xx': 'failed',
  '5xx': 'failed',
  timeout: 'unknown',
  reset: 'unknown',
}

/** The same for all that went well: one object for each status. */
const fine = new Map<number, Answer>()

/** A whole answer, whatever its status; `retryAfter` is that header. */
export function answered(status: number, retryAfter: string | null): Answer {
  const known = retryAfter === null ? fine.get(status) : undefined
  if (known) return known
  const answer = newAnswer(status, retryAfter)
  if (answer.failure === null && retryAfter === null) fine.set(status, answer)
  return answer
}

function newAnswer(status: number, retryAfter: string | null): Answer {
  const failure = failureOfStatus(status)
  const retryAfterMs = retryAfter === null ? null : readRetryAfter(retryAfter)
  const answer: Answer = { outcome: failure ? outcomes[failure.errorClass] : 'ok', status, failure }
  return retryAfterMs === null ? answer : { ...answer, retryAfterMs }
}

/** No answer, or half of one: its status counts for nothing. */
export function unanswered(error: unknown): Answer {
  return failed(classify(error))
}

/** The connection did not stand when the request's time was over. */
export function notConnected(timeoutMs: number): Answer {
  return failed({ errorClass: 'connect-timeout', message: `not connected within ${timeoutMs} ms` })
}

/** Why a request is broken off on a connection that stands. */
export function timedOut(timeoutMs: number): Error {
  return new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError')
}

function failed(failure: Failure): Answer {
  return { outcome: outcomes[failure.errorClass], status: null, failure }
}

/** Milliseconds from now, out of seconds or an HTTP date. `null`: it is neither. */
function readRetryAfter(header: string): number | null {
  const text = header.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const atEpochMs = Date.parse(text)
  return Number.isNaN(atEpochMs) ? null : Math.max(0, atEpochMs - Date.now())
}
