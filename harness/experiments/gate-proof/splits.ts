import { shuffle } from 'simple-statistics'
import { takeLooks } from '../../gate/decide.ts'
import { type GateAnswer, type Limit, type Pair, type Threshold, worst } from '../../gate-result.ts'
import type { Random } from '../../random.ts'
import type { Kind } from './candidates.ts'

/** Pairs of one scenario, each of two runs at the same time. */
export type Block = Readonly<Partial<Record<Kind, Pair>>>

/** A scenario with all that was recorded of it. */
export interface Recording {
  readonly scenario: string
  readonly limits: readonly Limit[]
  readonly thresholds: readonly Threshold[]
  readonly blocks: readonly Block[]
}

/** What a number of gates said. */
export type Tally = Readonly<Record<GateAnswer, number>>

export function tally(answers: readonly GateAnswer[]): Tally {
  const count = (answer: GateAnswer) => answers.filter((one) => one === answer).length
  return { fail: count('fail'), pass: count('pass'), unknown: count('unknown') }
}

/**
 * Plays gates from recorded runs, decided as live ones are: pairs come from blocks in an order that is drawn, and which of the
 * same thing is the baseline is drawn, too. `mostPairs`: of each scenario.
 *
 * @returns for each gate, what each recording said, in their order
 */
export async function playSplits(
  recordings: readonly Recording[],
  kind: Kind,
  splits: number,
  random: Random,
  mostPairs = Number.POSITIVE_INFINITY,
): Promise<GateAnswer[][]> {
  const gates: GateAnswer[][] = []
  for (let split = 0; split < splits; split++) {
    const answers: GateAnswer[] = []
    for (const recording of recordings) answers.push(await playSplit(recording, kind, random, mostPairs))
    gates.push(answers)
  }
  return gates
}

async function playSplit(
  { blocks, limits, thresholds }: Recording,
  kind: Kind,
  random: Random,
  mostPairs: number,
): Promise<GateAnswer> {
  const pairs = shuffle([...blocks], random).flatMap(({ [kind]: pair }) => {
    if (!pair) return []
    const isTurned = kind === 'same' && random() < 0.5
    return [isTurned ? { baseline: pair.candidate, candidate: pair.baseline } : pair]
  })
  const { decision } = await takeLooks(async (index) => (index < mostPairs && pairs[index]) || null, limits, thresholds)
  return decision.answer
}

/** Of each gate: it fails as soon as one of its scenarios does. */
export function wholeGates(gates: readonly (readonly GateAnswer[])[]): GateAnswer[] {
  return gates.map((answers) => worst(answers))
}
