import { Agent, request } from 'undici'
import { classify, failureOfStatus } from '../failure.ts'
import { onBeat, type Probe } from './probe.ts'

const everyMs = 100
/** Longer than any stall that a client would sit out. */
const timeoutMs = 10_000

/**
 * Asks the service for a sign of life that needs neither database nor pool, one question after another on one
 * connection. Any answer is one, a 404 too: it was read, and something was written.
 */
export const heartbeatProbe: Probe = {
  name: 'heartbeat',
  start({ stack, clock, probe }) {
    const agent = new Agent({ connections: 1, headersTimeout: 0, bodyTimeout: 0 })
    const over = new AbortController()
    let isDead = false
    void stack.datastorage.exited.then(() => {
      isDead = true
    })
    const read = async () => {
      if (isDead) return
      const startedMs = clock.now()
      const end = (status: number | null, failure: ReturnType<typeof failureOfStatus>) => {
        if (over.signal.aborted) return
        const t = clock.now()
        probe({ kind: 'heartbeat', t, tookMs: t - startedMs, status, failure })
      }
      try {
        const signal = AbortSignal.any([over.signal, AbortSignal.timeout(timeoutMs)])
        const url = `${stack.datastorage.baseUrl}/health/live`
        const { statusCode, body } = await request(url, { dispatcher: agent, signal })
        await body.dump()
        end(statusCode, failureOfStatus(statusCode))
      } catch (error) {
        end(null, classify(error))
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
