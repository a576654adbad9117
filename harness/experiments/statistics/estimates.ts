import jStat from 'jstat'
import { linearRegression, mean, sampleStandardDeviation, sum } from 'simple-statistics'
import type { Estimate, Range } from '../../trial.ts'

/** `null` without any value. */
export function rangeOf(values: readonly (number | null)[]): Range | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : { low: Math.min(...known), high: Math.max(...known) }
}

/** The mean with its 95 % interval by Student's t; what cannot be below zero is cut off there. `null` without any value. */
export function meanOf(values: readonly (number | null)[], highest = Number.POSITIVE_INFINITY): Estimate | null {
  const known = values.filter((value) => value !== null)
  if (known.length === 0) return null
  const middle = mean(known)
  if (known.length === 1) return { mean: middle, n: 1, interval: null }
  const error = sampleStandardDeviation(known) / Math.sqrt(known.length)
  const half = jStat.studentt.inv(0.975, known.length - 1) * error
  return {
    mean: middle,
    n: known.length,
    interval: { low: Math.max(0, middle - half), high: Math.min(highest, middle + half) },
  }
}

/** How many of so many, with the exact (Clopper-Pearson) 90 % interval. `null` of none. */
export function shareOf(hits: number, n: number): Estimate | null {
  if (n === 0) return null
  const low = hits === 0 ? 0 : jStat.beta.inv(0.05, hits, n - hits + 1)
  const high = hits === n ? 1 : jStat.beta.inv(0.95, hits + 1, n - hits)
  return { mean: hits / n, n, interval: { low, high } }
}

export interface Line {
  readonly slope: number
  /** Of the slope, 90 %. */
  readonly interval: Range
  readonly intercept: number
  readonly n: number
}

/** The line of least squares. `null`: fewer than three points, or all at one place. */
export function lineThrough(points: readonly (readonly [x: number, y: number])[]): Line | null {
  const n = points.length
  const center = n === 0 ? 0 : mean(points.map(([x]) => x))
  const spread = sum(points.map(([x]) => (x - center) ** 2))
  if (n < 3 || spread === 0) return null
  const { m: slope, b: intercept } = linearRegression(points.map(([x, y]) => [x, y]))
  const residuals = sum(points.map(([x, y]) => (y - intercept - slope * x) ** 2))
  const half = jStat.studentt.inv(0.95, n - 2) * Math.sqrt(residuals / (n - 2) / spread)
  return { slope, interval: { low: slope - half, high: slope + half }, intercept, n }
}
