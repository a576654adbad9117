import { Agent, request } from 'undici'
import { classify, classifyStatus } from '../failure.ts'
import type { Sent } from './audit-client.ts'

/** The real client keeps idle connections for 90 s. */
const keepAliveMs = 90_000

/** HTTP to the service under test. Disposing it breaks off what is open. */
export interface Driver extends AsyncDisposable {
  postBatch(events: readonly string[]): Promise<Sent>
  query(correlationId: string): Promise<Sent>
}

/**
 * The undici driver. Connections are made as they are needed, so that a request never waits for one: a wait in the
 * generator would look like a slow service.
 */
export function createDriver(baseUrl: string, timeoutMs: number): Driver {
  // The one clock for a request is its own timeout; undici's two would end it with another error, at another time.
  const agent = new Agent({
    keepAliveTimeout: keepAliveMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: timeoutMs },
  })
  const over = new AbortController()
  const send = async (path: string, options: { method: 'GET' | 'POST'; body?: string }): Promise<Sent> => {
    try {
      const { statusCode: status, body } = await request(`${baseUrl}${path}`, {
        ...options,
        dispatcher: agent,
        headers: options.body ? { 'content-type': 'application/json' } : {},
        signal: AbortSignal.any([over.signal, AbortSignal.timeout(timeoutMs)]),
      })
      await body.dump()
      const failure = classifyStatus(status)
      return { outcome: failure ? 'failed' : 'ok', status, failure }
    } catch (error) {
      const failure = classify(error)
      // No answer: the service may or may not have done the work.
      const isUnknown = failure.errorClass === 'timeout' || failure.errorClass === 'reset'
      return { outcome: isUnknown ? 'unknown' : 'failed', status: null, failure }
    }
  }
  return {
    postBatch: (events) => send('/api/v1/audit/events/batch', { method: 'POST', body: `[${events.join(',')}]` }),
    query: (correlationId) =>
      send(`/api/v1/audit/events?correlation_id=${encodeURIComponent(correlationId)}&limit=10`, { method: 'GET' }),
    async [Symbol.asyncDispose]() {
      over.abort()
      await agent.destroy()
    },
  }
}
