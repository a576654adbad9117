/** Uniform in [0, 1). */
export type Random = () => number

/**
 * A small seeded generator, so that a run can be replayed: mulberry32 by Tommy Ettinger (public domain), 32 bits of
 * state. https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
 */
export function createRandom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Uniform in [low, high). */
export function uniform(random: Random, low: number, high: number): number {
  return low + random() * (high - low)
}
