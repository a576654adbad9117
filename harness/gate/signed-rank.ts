import { median } from 'simple-statistics'

/**
 * Wilcoxon's signed-rank test, exact: how likely values lie as far above `mu`, or below it, as these do, if they lie
 * symmetrically around it. Ranks, so that a few runs that a neighbour disturbed weigh no more than any others; Student's t gets
 * nowhere with those. A value at `mu` itself speaks for neither side.
 */
export function signedRank(values: readonly number[], mu: number): { greater: number; less: number } {
  const distances = values.map((value) => value - mu).filter((distance) => distance !== 0)
  const ranks = doubledRanks(distances.map(Math.abs))
  const above = ranks.reduce((sum, rank, index) => sum + ((distances[index] ?? 0) > 0 ? rank : 0), 0)
  const ways = waysToSum(ranks)
  const all = 2 ** ranks.length
  const total = (some: readonly number[]) => some.reduce((sum, way) => sum + way, 0)
  return { greater: total(ways.slice(above)) / all, less: total(ways.slice(0, above + 1)) / all }
}

/**
 * The middle of the values and the interval around it that the same test does not exclude (Hodges and Lehmann): of the means of
 * all pairs of values, the median, and those so far from the ends that fewer than `alpha` lie beyond on either side.
 */
export function locate(values: readonly number[], alpha: number): { middle: number; low: number; high: number } {
  const means = meansOfPairs(values).sort((a, b) => a - b)
  const ways = waysToSum(values.map((_, index) => 2 * (index + 1)))
  let below = 0
  let left = 0
  // Sums come in steps of two, since ranks are doubled.
  for (let sum = 0; sum < ways.length; sum += 2) {
    below += (ways[sum] ?? 0) / 2 ** values.length
    if (below > alpha) break
    left++
  }
  // With so few values that none lies beyond, any value may be the true one.
  const low = means[left - 1] ?? Number.NEGATIVE_INFINITY
  const high = means[means.length - left] ?? Number.POSITIVE_INFINITY
  return { middle: median(means), low, high }
}

/** The middle alone, of any number of values but none. */
export function locateMiddle(values: readonly number[]): number {
  return median(meansOfPairs(values))
}

/** Of each two values, and of each with itself. */
function meansOfPairs(values: readonly number[]): number[] {
  return values.flatMap((one, index) => values.slice(index).map((other) => (one + other) / 2))
}

/** Ranks from 1, times two: those of equal values are their mean, which may be a half. */
function doubledRanks(values: readonly number[]): number[] {
  return values.map((value) => {
    const smaller = values.filter((other) => other < value).length
    const equal = values.filter((other) => other === value).length
    return 2 * smaller + equal + 1
  })
}

/** Ranks with equals among them come in any number of kinds. */
const mostKnown = 100
const knownWays = new Map<string, number[]>()

/** In how many ways some of these make each sum, from 0 on. Kept, as ranks are mostly the same: those without equals. */
function waysToSum(ranks: readonly number[]): number[] {
  const key = ranks.toSorted((a, b) => a - b).join()
  const known = knownWays.get(key)
  if (known) return known
  const ways = [1]
  let highest = 0
  for (const rank of ranks) {
    highest += rank
    for (let sum = highest; sum >= rank; sum--) ways[sum] = (ways[sum] ?? 0) + (ways[sum - rank] ?? 0)
  }
  const whole = Array.from(ways, (way) => way ?? 0)
  if (knownWays.size < mostKnown) knownWays.set(key, whole)
  return whole
}
