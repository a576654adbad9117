import { Agent, request } from 'undici'
import { classify, failureOfStatus } from '../failure.ts'
import { onBeat, type Probe } from './probe.ts'

const everyMs = 250
const timeoutMs = 2_000

/** GET /health as a container engine asks it: a connection of its own each time, so that none is reused by chance. */
export const healthProbe: Probe = {
  name: 'health',
  start({ stack, clock, probe }) {
    const over = new AbortController()
    const read = async () => {
      const startedMs = clock.now()
      const agent = new Agent({ pipelining: 0, connect: { timeout: timeoutMs } })
      const end = (status: number | null, failure: ReturnType<typeof failureOfStatus>) => {
        if (over.signal.aborted) return
        const t = clock.now()
        probe({ kind: 'health', t, tookMs: t - startedMs, status, failure })
      }
      try {
        const signal = AbortSignal.any([over.signal, AbortSignal.timeout(timeoutMs)])
        const { statusCode, body } = await request(`${stack.datastorage.baseUrl}/health`, { dispatcher: agent, signal })
        await body.dump()
        end(statusCode, failureOfStatus(statusCode))
      } catch (error) {
        end(null, classify(error))
      } finally {
        await agent.destroy()
      }
    }
    // A slow answer must not delay the next question; eight open ones are two seconds' worth.
    const beat = onBeat(everyMs, read, { maxOpen: timeoutMs / everyMs })
    return {
      stop() {
        over.abort()
        return beat.stop()
      },
    }
  },
}
