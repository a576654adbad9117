import { locateMiddle } from '../../gate/signed-rank.ts'
import type { MetricName, Pair } from '../../gate-result.ts'
import type { Scenario } from '../../scenario.ts'

/** What is recorded of each scenario, beside it: the same thing, and what a gate has to catch. */
export type Kind = 'same' | 'slower' | 'more memory'

/** What gets worse, by how much in the end, and how much is tried first to see what it does. */
export const worsenings = [
  { kind: 'slower', option: 'cpuMsPerEvent', metric: 'p50', wanted: 0.1, tried: 0.4 },
  { kind: 'more memory', option: 'holdBytes', metric: 'peak memory', wanted: 0.1, tried: 40 * 2 ** 20 },
] as const satisfies readonly Worsening[]

export interface Worsening {
  readonly kind: Kind
  /** Of the stand-in's profile extra-work. */
  readonly option: string
  readonly metric: MetricName
  /** The change that is wanted: a tenth. */
  readonly wanted: number
  readonly tried: number
}

/** The stand-in with this much extra work, or this much memory, in place of what the scenario has. */
export function worsened(scenario: Scenario, { option }: Pick<Worsening, 'option'>, amount: number): Scenario {
  return {
    ...scenario,
    service: { ...scenario.service, profile: 'extra-work', profileOptions: { [option]: amount } },
  }
}

/** So much more than was tried at most, where it hardly showed. */
const mostRaise = 3

/**
 * How much of it makes the wanted change, from pairs of runs without and with what was tried: what a run has more of is taken
 * to be in proportion. Far from what is wanted that is a guess (what queues has more than its share), so what comes of it is
 * tried in its turn. Two digits, so that the same runs, read again, give the same.
 */
export function amountFor(
  { metric, wanted }: Pick<Worsening, 'metric' | 'wanted'>,
  tried: number,
  pairs: readonly Pair[],
): number {
  const change = changeBetween(metric, pairs)
  if (change === null) return tried
  return Number((tried * (change * mostRaise > wanted ? wanted / change : mostRaise)).toPrecision(2))
}

/** By how much a figure rose, by the same middle as the gate's own effects: `0.1` is a tenth. `null`: not measured. */
export function changeBetween(metric: MetricName, pairs: readonly Pair[]): number | null {
  const ratios = pairs.flatMap(({ baseline, candidate }) => {
    const [was, is] = [baseline.values[metric], candidate.values[metric]]
    return was && is ? [Math.log(is / was)] : []
  })
  return ratios.length === 0 ? null : Math.exp(locateMiddle(ratios)) - 1
}
