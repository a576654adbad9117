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
    now: nowSince(originMs),
    burstAtEpochMs: Math.round(performance.timeOrigin + originMs),
  }
}

/** A clock as another thread of this process can have it: by the machine's monotonic time, which all of them share. */
export interface SharedClock {
  readonly originHrMs: number
  readonly burstAtEpochMs: number
}

export function shareClock(clock: Clock): SharedClock {
  return { originHrMs: hrMs() - clock.now(), burstAtEpochMs: clock.burstAtEpochMs }
}

/** The same clock again, in this thread, whose `performance.now()` counts from a moment of its own. */
export function clockFrom({ originHrMs, burstAtEpochMs }: SharedClock): Clock {
  const originMs = performance.now() - (hrMs() - originHrMs)
  return { now: nowSince(originMs), burstAtEpochMs }
}

/** The clock's resolution, and that of all times in a record. */
export function roundToUs(timeMs: number): number {
  return Math.round(timeMs * 1000) / 1000
}

function nowSince(originMs: number): () => number {
  return () => roundToUs(performance.now() - originMs)
}

function hrMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
