/** One request of a schedule. */
export interface Arrival {
  readonly seq: number
  /** Milliseconds since the schedule's start. */
  readonly intendedMs: number
}

/** Arrivals at a constant rate (open model: they are due whether or not earlier ones have ended). May be endless. */
export function* constantRate(ratePerSec: number, durationMs: number): Generator<Arrival> {
  if (ratePerSec <= 0) return
  const count = Math.floor((durationMs * ratePerSec) / 1000)
  for (let seq = 0; seq < count; seq++) yield { seq, intendedMs: (seq * 1000) / ratePerSec }
}
