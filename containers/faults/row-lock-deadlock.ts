import type { Fault } from '../../harness/fault.ts'
import { at, confessed, effect, type PerLevel, withProfile, withStandIn } from './standing-in.ts'

/** Rows that writes lock two of, and the time between the first and the second. */
const shapes: PerLevel<readonly [tallies: number, databaseMs: number]> = [
  [9, 30],
  [7, 40],
  [5, 50],
  [3, 60],
  [2, 80],
]

export const rowLockDeadlock: Fault = {
  name: 'row-lock-deadlock',
  description: 'writes lock two rows in no fixed order: PostgreSQL breaks deadlocks (40P01)',
  causes: ['row-lock-deadlock'],
  runtimes: withStandIn,
  describe: (level) => `two of ${at(shapes, level)[0]} rows`,
  prepare(scenario, level) {
    const [tallies, databaseMsBetween] = at(shapes, level)
    // The service gives up just before its clients do, so that it does no work for who has left.
    const limitMs = Math.round(0.9 * scenario.client.timeoutMs)
    return withProfile(scenario, 'lock-order', { tallies, databaseMsBetween, limitMs })
  },
  check(witness) {
    const deadlocks = confessed(witness, 'lock-order', 'deadlocks')
    return effect(deadlocks > 0, `${deadlocks} writes failed by 40P01`)
  },
}
