import { messageOf } from '../errors.ts'
import type { Probe } from './probe.ts'

/** A spike of 150 ms shows at 10 ms in most of its height; the kernel's own peak counter has the rest. */
const everyMs = 10

/** The control group's counters; once more at once when the service has died, and once at the end. */
export const cgroupProbe: Probe = {
  name: 'cgroup',
  start({ stack, clock, probe }) {
    const { counters, exited } = stack.datastorage
    if (!counters) return { stop() {} }
    let hasFailed = false
    const read = () => {
      try {
        probe({ kind: 'cgroup', t: clock.now(), ...counters.read() })
      } catch (error) {
        if (!hasFailed) probe({ kind: 'probe-failed', t: clock.now(), probe: 'cgroup', message: messageOf(error) })
        hasFailed = true
      }
    }
    read()
    const timer = setInterval(read, everyMs)
    void exited.then(read)
    return {
      stop() {
        clearInterval(timer)
        read()
      },
    }
  },
}
