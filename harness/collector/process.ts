import type { Probe } from './probe.ts'

/** A service that floods its stderr must not flood the record; its log file has the rest. */
const maxStderrLines = 200

/** The service's own end, the watchdog's word that it did it, and what it wrote to stderr. */
export const processProbe: Probe = {
  name: 'process',
  start({ stack, clock, event }) {
    const { datastorage } = stack
    let lines = 0
    let isStopped = false
    datastorage.onStderr((line) => {
      if (!isStopped && lines++ < maxStderrLines) event({ kind: 'stderr', t: clock.now(), line })
    })
    void datastorage.exited.then((exit) => {
      if (!isStopped) event({ kind: 'exit', t: clock.now(), ...exit })
    })
    void datastorage.killedByWatchdog?.then(({ atNs, ...kill }) => {
      if (isStopped) return
      const agoMs = Number(process.hrtime.bigint() - atNs) / 1e6
      event({ kind: 'watchdog-kill', t: clock.now() - agoMs, ...kill })
    })
    return {
      stop() {
        isStopped = true
      },
    }
  },
}
