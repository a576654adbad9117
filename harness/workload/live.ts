import type { ErrorClass } from '../sample.ts'

/** What the audit clients have done so far; changes while the load runs. Queries and the warm-up do not count. */
export interface LiveLoad {
  /** Events that the load will emit in all. */
  planned: number
  /** Events put into a buffer. */
  emitted: number
  acknowledged: number
  /** Given up by a client, or found its buffer full. */
  dropped: number
  attempts: number
  openAttempts: number
  readonly errors: Record<ErrorClass, number>
}

/** All at zero. */
export function createLive(): LiveLoad {
  return {
    planned: 0,
    emitted: 0,
    acknowledged: 0,
    dropped: 0,
    attempts: 0,
    openAttempts: 0,
    errors: { reset: 0, timeout: 0, refused: 0, 'connect-timeout': 0, '5xx': 0, '4xx': 0, local: 0 },
  }
}
