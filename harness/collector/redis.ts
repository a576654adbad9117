import { Redis } from 'ioredis'
import { messageOf } from '../errors.ts'
import { onBeat, type Probe } from './probe.ts'

const everyMs = 250
/** The dead-letter queue. */
export const dlqStream = 'audit:dlq:events'

/** Whether Redis answers, what it holds, and how long the dead-letter queue is. */
export const redisProbe: Probe = {
  name: 'redis',
  start({ stack, clock, probe }) {
    if (!stack.redis) return { stop() {} }
    const redis = new Redis(stack.redis.url, {
      maxRetriesPerRequest: 0,
      commandTimeout: 2_000,
      retryStrategy: () => everyMs,
      connectionName: 'culprit',
    })
    redis.on('error', () => {}) // each failed reading is a line of its own
    let isStopped = false
    const read = async () => {
      try {
        const askedMs = clock.now()
        await redis.ping()
        const t = clock.now()
        const [memory, dlqLength] = await Promise.all([redis.info('memory'), redis.xlen(dlqStream)])
        const usedMemoryBytes = Number(/^used_memory:(\d+)/m.exec(memory)?.[1] ?? 0)
        probe({ kind: 'redis', t, pingMs: t - askedMs, usedMemoryBytes, dlqLength })
      } catch (error) {
        if (!isStopped) probe({ kind: 'probe-failed', t: clock.now(), probe: 'redis', message: messageOf(error) })
      }
    }
    const beat = onBeat(everyMs, read)
    return {
      async stop() {
        isStopped = true
        redis.disconnect()
        await beat.stop()
      },
    }
  },
}
