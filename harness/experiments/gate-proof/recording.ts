import { shuffle } from 'simple-statistics'
import { looks } from '../../gate/decide.ts'
import type { Limit, Measured, Threshold } from '../../gate-result.ts'
import { createRandom } from '../../random.ts'
import type { Scenario } from '../../scenario.ts'
import { amountFor, type Kind, sameThing, worsened, worsenings } from './candidates.ts'
import type { Wanted } from './runs.ts'
import type { Block } from './splits.ts'

/** A scenario as the gate holds it to its limits. */
export interface Subject {
  readonly scenario: Scenario
  readonly limits: readonly Limit[]
  readonly thresholds: readonly Threshold[]
}

/** What is run of a subject, under the same load. */
export type Variants = ReadonlyMap<Kind, Scenario>

type Take = (wanted: Wanted) => Promise<Measured>

/** Scales what is made worse: the same thing and what is tried, side by side a few times. */
export async function scaleVariants(subject: Subject, probes: number, take: Take): Promise<Variants> {
  const { scenario } = subject
  const tried: Variants = new Map<Kind, Scenario>([
    ['first', scenario],
    ...worsenings.map((one) => [one.kind, worsened(scenario, one, one.tried)] as const),
  ])
  const blocks: Block[] = []
  for (let probe = 1; probe <= probes; probe++) {
    blocks.push(await takeBlock(`probe ${probe}`, subject, tried, probe, take))
  }
  return new Map<Kind, Scenario>([
    ...sameThing.map((kind) => [kind, scenario] as const),
    ...worsenings.map((one) => {
      const pairs = blocks.flatMap(({ first, [one.kind]: after }) => (first && after ? [[first, after] as const] : []))
      return [one.kind, worsened(scenario, one, amountFor(one, pairs))] as const
    }),
  ])
}

/** The first blocks hold what is made worse, too: as many as a gate has pairs at its last look. */
export function isWorseToo(block: number): boolean {
  return block <= (looks.at(-1) ?? 0)
}

/** Runs of the same load, one right after the other in an order that is drawn. */
export async function takeBlock(
  name: string,
  { scenario: { name: scenarioName }, limits, thresholds }: Subject,
  variants: Variants,
  seed: number,
  take: Take,
): Promise<Block> {
  const block: Partial<Record<Kind, Measured>> = {}
  for (const [kind, scenario] of shuffle([...variants], createRandom(seed))) {
    block[kind] = await take({ name: `${scenarioName} ${name} ${kind}`, scenario, limits, thresholds, seed })
  }
  return block
}
