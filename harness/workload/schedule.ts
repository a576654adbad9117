import type { Clock } from '../clock.ts'

/**
 * Calls back at `dueMs` of the clock, never before it, and at once when that has passed. Computed from the clock each
 * time, so that a long schedule does not drift. Returns how to call it off.
 */
export function at(clock: Clock, dueMs: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout
  const arm = () => {
    timer = setTimeout(fire, Math.max(0, Math.ceil(dueMs - clock.now())))
  }
  const fire = () => {
    // Timers count whole milliseconds from a truncated now, so they may fire up to one early.
    if (clock.now() < dueMs) arm()
    else callback()
  }
  arm()
  return () => clearTimeout(timer)
}
