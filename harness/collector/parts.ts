import { messageOf } from '../errors.ts'
import type { PartProbe } from '../probe-line.ts'
import type { ResourceCounters } from '../stack.ts'
import type { Probe } from './probe.ts'

/** Half as often as the service's own group: three groups of four files each take about 20 µs, 0.1 % of a core. */
const everyMs = 20

/**
 * Under one limit over the whole stack: the counters of each part and of all together, once more at once when a part or
 * the service has ended, and the ends of the parts. A part may lose a process and not end (PostgreSQL restarts its
 * backends): then its oom_kill counter alone tells.
 */
export const partsProbe: Probe = {
  name: 'parts',
  start({ stack, clock, probe, event }) {
    const { datastorage, parts = [], sharedCounters } = stack
    const watched: { part: PartProbe['part']; counters: ResourceCounters }[] = [
      ...parts.flatMap(({ name, counters }) => (counters ? [{ part: name, counters }] : [])),
      ...(sharedCounters ? [{ part: 'stack' as const, counters: sharedCounters }] : []),
    ]
    let isStopped = false
    let hasFailed = false
    const read = () => {
      if (isStopped) return
      try {
        for (const { part, counters } of watched) probe({ kind: 'part', t: clock.now(), part, ...counters.read() })
      } catch (error) {
        if (!hasFailed) probe({ kind: 'probe-failed', t: clock.now(), probe: 'part', message: messageOf(error) })
        hasFailed = true
      }
    }
    for (const { name, exited } of parts) {
      void exited.then((exit) => {
        if (!isStopped) event({ kind: 'part-exit', t: clock.now(), part: name, ...exit })
        read()
      })
    }
    read()
    const timer = watched.length > 0 ? setInterval(read, everyMs) : undefined
    void datastorage.exited.then(read)
    return {
      stop() {
        clearInterval(timer)
        read()
        isStopped = true
      },
    }
  },
}
