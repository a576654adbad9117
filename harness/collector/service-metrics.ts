import { Agent, request } from 'undici'
import { messageOf } from '../errors.ts'
import { onBeat, type Probe } from './probe.ts'
import { readMetrics } from './prometheus.ts'

const everyMs = 250
const timeoutMs = 2_000

/** What the service says of itself on /metrics. A figure that it does not publish is `null`. */
export const serviceProbe: Probe = {
  name: 'service',
  start({ stack, clock, probe }) {
    const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
    const over = new AbortController()
    const read = async () => {
      try {
        const signal = AbortSignal.any([over.signal, AbortSignal.timeout(timeoutMs)])
        const { statusCode, body } = await request(`${stack.datastorage.baseUrl}/metrics`, {
          dispatcher: agent,
          signal,
        })
        const text = await body.text()
        if (statusCode !== 200) throw new Error(`GET /metrics answered ${statusCode}`)
        const metric = readMetrics(text)
        probe({
          kind: 'service',
          t: clock.now(),
          requestsInProgress: metric('datastorage_requests_in_progress'),
          requestsAwaitingAnswer: metric('datastorage_requests_awaiting_answer'),
          requestsAbandoned: metric('datastorage_requests_abandoned_total'),
          requestsReset: metric('datastorage_requests_reset_total'),
          eventsPending: metric('datastorage_events_pending'),
          eventsWritten: metric('datastorage_events_written_total'),
          poolInUse: metric('datastorage_pool_connections', 'state="in_use"'),
          poolIdle: metric('datastorage_pool_connections', 'state="idle"'),
          poolWaiting: metric('datastorage_pool_waiting'),
          poolMax: metric('datastorage_pool_max'),
        })
      } catch (error) {
        if (!over.signal.aborted) {
          probe({ kind: 'probe-failed', t: clock.now(), probe: 'service', message: messageOf(error) })
        }
      }
    }
    const beat = onBeat(everyMs, read)
    return {
      async stop() {
        over.abort()
        await beat.stop()
        await agent.destroy()
      },
    }
  },
}
