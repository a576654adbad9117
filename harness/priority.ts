import { readdirSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

/**
 * Puts this process, and what it starts from now on, before its neighbours in the scheduler's queue until disposed: on a
 * machine with few cores a busy service would delay the generator, and the delay would look like the service's. Every
 * thread counts: the garbage collector's helpers, left behind, hold the main thread up. Without the right to do so (not
 * root) nothing changes, and the measured send delay says whether it mattered.
 */
export function preferThisProcess(): Disposable {
  const before = getPriority()
  setAll(constants.priority.PRIORITY_HIGH)
  return { [Symbol.dispose]: () => setAll(before) }
}

function setAll(priority: number): void {
  for (const threadId of threadIds()) {
    try {
      setPriority(threadId, priority)
    } catch {
      // not root, or a thread that has just ended
    }
  }
}

/** On Linux a thread has a priority of its own; elsewhere the process as a whole has one. */
function threadIds(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number)
  } catch {
    return [process.pid]
  }
}
