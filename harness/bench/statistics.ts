import { meanOf } from '../experiments/statistics/estimates.ts'
import type { Random } from '../random.ts'
import type { Estimate } from '../trial.ts'

/** In a random order, each as likely (Fisher and Yates). */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const mixed = [...items]
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const [a, b] = [mixed[last] as T, mixed[other] as T]
    mixed[last] = b
    mixed[other] = a
  }
  return mixed
}

/** The mean of the ratios within each round, with its 95 % interval. `null` where no round has both. */
export function ratioOf(of: readonly (number | null)[], to: readonly (number | null)[]): Estimate | null {
  return meanOf(of.map((value, round) => divide(value, to[round] ?? null)))
}

function divide(value: number | null, by: number | null): number | null {
  return value === null || by === null || by === 0 ? null : value / by
}

/** Such as `0.93 (0.90 to 0.96)`. */
export function formatEstimate(estimate: Estimate | null, format: (value: number) => string): string {
  if (!estimate) return ''
  const { mean, interval } = estimate
  return interval ? `${format(mean)} (${format(interval.low)} to ${format(interval.high)})` : format(mean)
}
