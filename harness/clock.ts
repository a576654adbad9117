import { performance } from 'node:perf_hooks'

/** One monotonic clock for the whole record: milliseconds since the burst, negative before it. */
export interface Clock {
  /** Milliseconds since the burst (t = 0). */
  now(): number
  /** Wall-clock time of t = 0, milliseconds since the Unix epoch: only for people and for `event_timestamp`. */
  readonly burstAtEpochMs: number
}

/**
 * A clock whose t = 0 lies `leadMs` from now. The burst is planned, not awaited, so that probes that start before it
 * can stamp their lines with the same origin.
 */
export function createClock(leadMs: number): Clock {
  const originMs = performance.now() + leadMs
  return {
    now: () => Math.round((performance.now() - originMs) * 1000) / 1000,
    burstAtEpochMs: Math.round(performance.timeOrigin + originMs),
  }
}
