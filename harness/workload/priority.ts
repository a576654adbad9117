import { constants, getPriority, setPriority } from 'node:os'

/**
 * Puts this thread before the service in the scheduler's queue until disposed: on a machine with few cores a busy service
 * would delay the generator, and the delay would look like the service's. Without the right to do so (not root) nothing
 * changes, and the measured send delay says whether it mattered.
 */
export function preferGenerator(): Disposable {
  const before = getPriority()
  const set = (priority: number) => {
    try {
      setPriority(priority)
    } catch {
      // not root: see above
    }
  }
  set(constants.priority.PRIORITY_HIGH)
  return { [Symbol.dispose]: () => set(before) }
}
