import type { Probe } from './probe.ts'

/** A server that floods its log must not flood the record. */
const maxLines = 500
const maxMessage = 300
/** `2026-11-25 11:02:03.456 UTC [1234] 40P01 ERROR:  deadlock detected`. */
const logLine = /^\S+ \S+ \S+ \[(\d+)\] ([0-9A-Z]{5}) ([A-Z]+):\s+(.*)$/
/** Of lines that are no error: those that say that the server goes, comes, or lost a process. */
const telling = /shut|starting up|ready to accept|terminated by signal|reinitializ|recovery/
const errors = ['ERROR', 'FATAL', 'PANIC']

/** What PostgreSQL itself says went wrong, with its SQLSTATE: not what the service makes of it. */
export const postgresLogProbe: Probe = {
  name: 'postgres-log',
  start({ stack, clock, probe }) {
    let lines = 0
    let isStopped = false
    stack.postgres?.onLog?.((line) => {
      const [, pid, sqlState = '', severity = '', message = ''] = logLine.exec(line) ?? []
      const isTelling = errors.includes(severity) || (severity === 'LOG' && telling.test(message))
      if (isStopped || !isTelling || lines++ >= maxLines) return
      probe({
        kind: 'postgres-log',
        t: clock.now(),
        pid: Number(pid),
        sqlState,
        severity,
        message: message.slice(0, maxMessage),
      })
    })
    return {
      stop() {
        isStopped = true
      },
    }
  },
}
