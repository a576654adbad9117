import jStat from 'jstat'
import { linearRegression, mean, min, sum } from 'simple-statistics'
import type { Point, Stretch } from './measure.ts'

/** A straight line through figures over time. */
export interface Trend {
  /** Per second. */
  readonly slope: number
  /** Where the true slope lies, in 99 of 100 cases. */
  readonly interval: { readonly low: number; readonly high: number }
  readonly n: number
}

const confidence = 0.99
/** Below this, a spread is no more than a guess. */
const fewest = 6

/**
 * The line of least squares, with its interval by Student's t. Readings of a service come in waves: one that follows a high one
 * is high, too. So many of them say less than as many that know nothing of each other, and count for less, by the correlation of
 * neighbours. `null`: too few, or all at one moment.
 */
export function trendOf(points: readonly Pick<Point, 't' | 'value'>[]): Trend | null {
  const n = points.length
  if (n < fewest) return null
  const at = points.map(({ t }) => t / 1_000)
  const center = mean(at)
  const spread = sum(at.map((t) => (t - center) ** 2))
  if (spread === 0) return null
  const { m: slope, b: intercept } = linearRegression(points.map(({ value }, index) => [at[index] ?? 0, value]))
  const residuals = points.map(({ value }, index) => value - intercept - slope * (at[index] ?? 0))
  const squares = sum(residuals.map((one) => one ** 2))
  const neighbours = sum(residuals.slice(1).map((one, index) => one * (residuals[index] ?? 0)))
  const correlation = squares === 0 ? 0 : Math.max(0, neighbours / squares)
  const counted = Math.max(3, (n * (1 - correlation)) / (1 + correlation))
  const error = Math.sqrt(squares / (n - 2) / spread) * Math.sqrt(n / counted)
  const half = jStat.studentt.inv(1 - (1 - confidence) / 2, counted - 2) * error
  return { slope, interval: { low: slope - half, high: slope + half }, n }
}

/**
 * The lowest reading of each of so many equal parts of a stretch: what memory falls back to once garbage is collected. A part
 * without a reading has none.
 */
export function floors(
  series: readonly Point[],
  { fromMs, toMs }: Stretch,
  parts: number,
): Pick<Point, 't' | 'value'>[] {
  const widthMs = (toMs - fromMs) / parts
  const within = Map.groupBy(
    series.filter(({ t }) => t >= fromMs && t < toMs),
    ({ t }) => Math.floor((t - fromMs) / widthMs),
  )
  return [...within].map(([part, points]) => ({
    t: fromMs + (part + 0.5) * widthMs,
    value: min(points.map(({ value }) => value)),
  }))
}
