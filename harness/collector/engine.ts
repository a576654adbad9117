import { messageOf } from '../errors.ts'
import type { Probe } from './probe.ts'

/** An engine that no longer answers must not keep a run from ending. */
const inspectWithinMs = 2_000

/** The container engine's own events, in its order and by its clock, and each container as it shows it before and after. */
export const engineProbe: Probe = {
  name: 'engine',
  start({ stack, clock, probe, event }) {
    const { engine } = stack
    if (!engine) return { stop() {} }
    let isStopped = false
    engine.onEvent(({ engineEpochMs, part, action, exitCode, signal }) => {
      if (isStopped) return
      const engineMs = engineEpochMs - clock.burstAtEpochMs
      event({ kind: 'engine', t: clock.now(), part, action, engineMs, exitCode, signal })
    })
    const inspect = async (when: 'before' | 'after') => {
      try {
        const late = new Promise<never>((_, reject) => {
          setTimeout(() => reject(new Error(`no answer within ${inspectWithinMs} ms`)), inspectWithinMs).unref()
        })
        for (const state of await Promise.race([engine.inspect(), late])) {
          event({ kind: 'inspect', t: clock.now(), when, ...state })
        }
      } catch (error) {
        probe({ kind: 'probe-failed', t: clock.now(), probe: 'engine', message: messageOf(error) })
      }
    }
    const before = inspect('before')
    return {
      async stop() {
        await before
        await inspect('after')
        isStopped = true
      },
    }
  },
}
