import type { Fault } from '../../harness/fault.ts'
import { at, effect, type PerLevel, withProfile, withStandIn } from './standing-in.ts'

/** Connections, and how long a write holds one. */
const shapes: PerLevel<readonly [poolSize: number, databaseMs: number]> = [
  [4, 150],
  [3, 150],
  [3, 250],
  [2, 150],
  [2, 250],
]

export const poolTooSmall: Fault = {
  name: 'pool-too-small',
  description: 'fewer database connections than the load needs',
  causes: ['pool-exhaustion'],
  runtimes: withStandIn,
  describe: (level) => `${at(shapes, level)[0]} connections, ${at(shapes, level)[1]} ms per write`,
  prepare(scenario, level) {
    const [poolSize, databaseMsPerWrite] = at(shapes, level)
    // The service gives up just before its clients do, so that it does no work for who has left.
    const limitMs = Math.round(0.9 * scenario.client.timeoutMs)
    return withProfile(scenario, 'slow-queries', { databaseMsPerWrite, limitMs }, { poolSize })
  },
  check({ evidence }, level) {
    const [poolSize] = at(shapes, level)
    const full = evidence.service.filter(({ poolMax, poolWaiting }) => poolMax === poolSize && (poolWaiting ?? 0) > 0)
    return effect(full.length >= 4, `a pool of ${poolSize}, ${full.length} readings with callers waiting for it`)
  },
}
