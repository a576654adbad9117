import type { Fault } from '../../harness/fault.ts'
import { at, effect, type PerLevel, withStandIn } from './standing-in.ts'

const atMs: PerLevel<number> = [7_000, 6_000, 5_000, 3_500, 1_500]
const spreadMs = 800

export const outsideKill: Fault = {
  name: 'outside-kill',
  description: 'somebody outside sends the service SIGKILL',
  causes: ['outside-kill'],
  runtimes: withStandIn,
  describe: (level) => `at about +${at(atMs, level) / 1000} s`,
  async inject({ stack, until, random, note }, level) {
    const { datastorage } = stack
    await until(at(atMs, level) + (random() - 0.5) * spreadMs)
    if (!datastorage.kill) return
    await datastorage.kill()
    note(`SIGKILL to ${datastorage.pid}`)
  },
  check({ notes, exit }) {
    const isSent = notes.some((note) => note.startsWith('SIGKILL'))
    return effect(isSent && exit?.signal === 'SIGKILL', `sent: ${isSent}; ended by ${exit?.signal ?? 'nobody'}`)
  },
}
