import { type Arrivals, describe, isSteady, startsOf } from './arrivals/index.ts'
import { createRandom } from './random.ts'
import type { Load } from './scenario.ts'

export { type Arrivals, examples, parseArrivals, peakPerSec, syntaxes } from './arrivals/index.ts'

type Arriving = Pick<Load, 'rrs' | 'pace' | 'arrivals' | 'replays'>

export function arrivalsOf({ pace, arrivals }: Pick<Load, 'pace' | 'arrivals'>): Arrivals {
  return arrivals ?? (pace ? { kind: 'batches', ...pace } : { kind: 'burst' })
}

/**
 * The load with other arrivals: a burst and batches stand in `pace`, as they do in the first records. What was spread
 * over the time of a batch comes, in any other kind, at its own moment.
 */
export function withArrivals(load: Load, arrivals: Arrivals): Load {
  const { arrivals: _, ...rest } = load
  if (arrivals.kind === 'burst') return { ...rest, pace: null }
  if (arrivals.kind === 'batches') return { ...rest, pace: { rrs: arrivals.rrs, everyMs: arrivals.everyMs } }
  return { ...rest, pace: null, spreadMs: 0, arrivals }
}

/** Of its own, so that the rest of a plan is the same whatever the arrivals are. */
const streamOfArrivals = 0xa221

/** When each RR arrives, in milliseconds since the burst, in order. Fewer than the load's RRs where no more ever come. */
export function startsMs(load: Arriving, seed: number): number[] {
  const random = createRandom((load.replays?.seed ?? seed) ^ streamOfArrivals)
  return startsOf(arrivalsOf(load), random).take(load.rrs).toArray()
}

/** An exponential time drawn from this is the expected one, and a hair less: a second at 20/s has the 20th within it. */
const asExpected = () => 1 - Math.exp(-(1 - 1e-6))

/** When the last RR arrives, in milliseconds since the burst. Where chance decides, as is expected. */
export function lastArrivalMs(load: Arriving): number {
  return startsOf(arrivalsOf(load), asExpected)
    .take(load.rrs)
    .reduce((_, startMs) => startMs, 0)
}

/**
 * How long RRs arrive, in milliseconds: until one more than there are would come, or until the last where none would.
 * Where chance decides, as is expected.
 */
export function arrivingMs(load: Arriving): number {
  return lastArrivalMs({ ...load, rrs: load.rrs + 1 })
}

/** How long the load is steady, in milliseconds. `null`: it is not. */
export function steadyMs(load: Arriving): number | null {
  return isSteady(arrivalsOf(load)) ? arrivingMs(load) : null
}

/** An RR at the very end of a time is not within it. */
const tinyMs = 1e-6

/** How many RRs arrive within a time, as is expected; `most + 1` where there are more. */
export function rrsWithin(arrivals: Arrivals, durationMs: number, most: number): number {
  let count = 0
  for (const startMs of startsOf(arrivals, asExpected)) {
    if (startMs >= durationMs - tinyMs || count > most) break
    count++
  }
  return count
}

/** All at once, as the report had them, and not because another run did. */
export function isPlainBurst(load: Pick<Load, 'pace' | 'arrivals' | 'replays'>): boolean {
  return arrivalsOf(load).kind === 'burst' && !load.replays
}

/** `20 RRs every 2 s`; `the RRs of <run>: at once`. */
export function describeArrivals(load: Pick<Load, 'pace' | 'arrivals' | 'replays'>): string {
  const words = describe(arrivalsOf(load))
  return load.replays ? `the RRs of ${load.replays.run}: ${words}` : words
}
