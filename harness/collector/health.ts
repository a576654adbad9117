import { askHealth, healthTimeoutMs } from './ask-health.ts'
import { onBeat, type Probe } from './probe.ts'

const everyMs = 250

/** The service's health, as its clients reach it. */
export const healthProbe: Probe = {
  name: 'health',
  start({ stack, clock, probe }) {
    const { baseUrl, healthPath = '/health' } = stack.datastorage
    const over = new AbortController()
    const read = async () => {
      const startedMs = clock.now()
      const answer = await askHealth(`${baseUrl}${healthPath}`, over.signal)
      if (over.signal.aborted) return
      const t = clock.now()
      probe({ kind: 'health', t, tookMs: t - startedMs, ...answer })
    }
    // A slow answer must not delay the next question; eight open ones are two seconds' worth.
    const beat = onBeat(everyMs, read, { maxOpen: healthTimeoutMs / everyMs })
    return {
      stop() {
        over.abort()
        return beat.stop()
      },
    }
  },
}
