/** One thing that is due. */
export interface Arrival {
  readonly seq: number
  /** Milliseconds since the burst. */
  readonly intendedMs: number
}

/** Arrivals at a constant rate from 0 on, as many as are due before `durationMs`. */
export function* constantRate(ratePerSec: number, durationMs: number): Generator<Arrival> {
  const count = Math.floor((durationMs * ratePerSec) / 1000)
  for (let seq = 0; seq < count; seq++) yield { seq, intendedMs: (seq * 1000) / ratePerSec }
}
