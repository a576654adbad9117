import { readFileSync } from 'node:fs'
import type { Probe } from './probe.ts'

const everyMs = 100
/** Every Linux that Node runs on: see times(2). */
const msPerTick = 10

/** What the kernel says of the service's main process: its state, and how much CPU its main thread used. */
export const processStateProbe: Probe = {
  name: 'process-state',
  start({ stack, clock, probe }) {
    const { pid, exited } = stack.datastorage
    if (pid === null) return { stop() {} }
    let timer: NodeJS.Timeout | undefined
    const stop = () => clearInterval(timer)
    const read = () => {
      try {
        const [state = '', cpuMs] = statOf(`/proc/${pid}/stat`)
        const [, mainThreadCpuMs] = statOf(`/proc/${pid}/task/${pid}/stat`)
        if (state === 'Z' || state === 'X') return stop()
        probe({ kind: 'process-state', t: clock.now(), state, cpuMs, mainThreadCpuMs })
      } catch {
        stop() // it has ended, or is not where we can see it
      }
    }
    timer = setInterval(read, everyMs)
    // Another process may get its id.
    void exited.then(stop)
    read()
    return { stop }
  },
}

/** State and CPU time. From field 3 on: field 2, the command, may hold blanks and brackets. */
function statOf(path: string): [state: string, cpuMs: number] {
  const stat = readFileSync(path, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return [fields[0] ?? '', (Number(fields[14 - 3]) + Number(fields[15 - 3])) * msPerTick]
}
