import { shuffle } from 'simple-statistics'
import { looks } from '../../gate/decide.ts'
import type { Limit, Pair, Threshold } from '../../gate-result.ts'
import { createRandom } from '../../random.ts'
import type { Scenario } from '../../scenario.ts'
import { amountFor, type Kind, worsened, worsenings } from './candidates.ts'
import type { Wanted } from './runs.ts'
import type { Block } from './splits.ts'

/** A scenario as the gate holds it to its limits. */
export interface Subject {
  readonly scenario: Scenario
  readonly limits: readonly Limit[]
  readonly thresholds: readonly Threshold[]
}

/** What is run of a subject beside the subject itself. */
export type Variants = ReadonlyMap<Kind, Scenario>

type Take = (baseline: Wanted, candidate: Wanted, seed: number) => Promise<Pair>

/**
 * Scales what is made worse: the same thing and what is tried, at the same time, a few times; then again with what came of it.
 *
 * @param rounds how many pairs each round has
 */
export async function scaleVariants(subject: Subject, rounds: readonly number[], take: Take): Promise<Variants> {
  const { scenario } = subject
  let amounts = new Map<Kind, number>(worsenings.map(({ kind, tried }) => [kind, tried]))
  const variants = (): Variants => {
    return new Map(worsenings.map((one) => [one.kind, worsened(scenario, one, amounts.get(one.kind) ?? one.tried)]))
  }
  for (const [round, probes] of rounds.entries()) {
    const blocks: Block[] = []
    for (let probe = 1; probe <= probes; probe++) {
      const name = round === 0 ? `probe ${probe}` : `probe ${round + 1}.${probe}`
      blocks.push(await takeBlock(name, subject, variants(), 100 * round + probe, take))
    }
    amounts = new Map(
      worsenings.map((one) => {
        const pairs = blocks.flatMap(({ [one.kind]: pair }) => (pair ? [pair] : []))
        return [one.kind, amountFor(one, amounts.get(one.kind) ?? one.tried, pairs)]
      }),
    )
  }
  return new Map<Kind, Scenario>([['same', scenario], ...variants()])
}

/** The first blocks hold what is made worse, too: as many as a gate has pairs at its last look. */
export function isWorseToo(block: number): boolean {
  return block <= (looks.at(-1) ?? 0)
}

/** Pairs under the same load, each with the scenario as it is for its baseline, one right after the other in an order that is drawn. */
export async function takeBlock(
  name: string,
  { scenario, limits, thresholds }: Subject,
  variants: Variants,
  seed: number,
  take: Take,
): Promise<Block> {
  const block: Partial<Record<Kind, Pair>> = {}
  for (const [kind, candidate] of shuffle([...variants], createRandom(seed))) {
    const of = { limits, thresholds, seed }
    const pair = `${scenario.name} ${name} ${kind}`
    block[kind] = await take(
      { ...of, name: `${pair}, baseline`, scenario },
      { ...of, name: `${pair}, candidate`, scenario: candidate },
      seed,
    )
  }
  return block
}
