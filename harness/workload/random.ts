/**
 * A seeded source of numbers in [0, 1): mulberry32 (Tommy Ettinger, 2017, public domain). Small, fast and good enough for
 * spreading arrivals; the same seed gives the same load on every machine.
 */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
