import { askHealth, healthTimeoutMs } from './ask-health.ts'
import { onBeat, type Probe } from './probe.ts'

const everyMs = 500

/** The same question by both ways at once: through the engine's forwarding, and at the container's own address. */
export const pathProbe: Probe = {
  name: 'path',
  start({ stack, clock, probe }) {
    const { baseUrl, directUrl, healthPath = '/health' } = stack.datastorage
    if (directUrl === undefined) return { stop() {} }
    const over = new AbortController()
    const ask = async (path: 'published' | 'direct', url: string) => {
      const startedMs = clock.now()
      const answer = await askHealth(`${url}${healthPath}`, over.signal)
      if (over.signal.aborted) return
      const t = clock.now()
      probe({ kind: 'path', t, path, tookMs: t - startedMs, ...answer })
    }
    const both = async () => {
      await Promise.all([ask('published', baseUrl), ask('direct', directUrl)])
    }
    const beat = onBeat(everyMs, both, { maxOpen: healthTimeoutMs / everyMs })
    return {
      stop() {
        over.abort()
        return beat.stop()
      },
    }
  },
}
