import { join } from 'node:path'
import { sum } from 'simple-statistics'
import type { CompareRequest } from '../../command-line/commands/compare.ts'
import { exitCodes, InterruptedError } from '../../errors.ts'
import { quote } from '../../report/command-words.ts'
import { renderComparison, writeComparison } from '../../report/comparison/index.ts'
import { compareCommandOf } from '../../report/comparison/words.ts'
import type { Means } from '../campaign/carry-out.ts'
import { describeEstimate, estimateMs } from '../campaign/estimate.ts'
import { placeOf } from '../campaign/place.ts'
import { type Compared, compare } from './compare.ts'

export type CompareOrder = Omit<CompareRequest, 'command'>

/** The order of the runs is random, and the same whenever the same grid is run. */
const orderSeed = 1

/**
 * `npm run compare`: says the plan, runs the grid, writes and prints what came of it. Gives the exit code.
 *
 * @throws InputError, and InterruptedError after what is finished was written
 */
export async function conductCompare(order: CompareOrder, means: Means, stdout: NodeJS.WriteStream): Promise<number> {
  const { grid, cells } = order
  const dir = await placeOf('compare', { ...order, scenario: grid.scenario })
  const runs = cells.length * grid.repeats
  const each = cells.flatMap(({ plans }) => plans).map(estimateMs)
  const total = { low: sum(each.map(({ low }) => low)), high: sum(each.map(({ high }) => high)) }
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`
  means.say(
    `${count(cells.length, 'cell')} x ${count(grid.repeats, 'repeat')} = ${count(runs, 'run')}, about ${describeEstimate(total)}, in ${dir}`,
  )
  const compared = await compare({ ...means, grid, cells, dir, isResumed: order.isResumed, seed: orderSeed })
  await writeComparison(dir, compared.comparison, compared.trials)
  if (compared.isInterrupted) {
    const { finished } = compared.comparison
    means.say(`${finished} of ${runs} runs are finished and kept: ${join(dir, 'table.md')}`)
    means.say(`go on with: ${compareCommandOf(grid)} --out ${quote(dir)} --resume`)
    throw new InterruptedError('interrupted')
  }
  stdout.write(
    order.json
      ? `${JSON.stringify(compared.comparison, null, 2)}\n`
      : renderComparison(compared.comparison, { dir, stream: stdout }),
  )
  return exitCodeOf(compared)
}

/** A cell has got a verdict when one of its runs has. */
export function exitCodeOf({ comparison: { cells }, trials }: Pick<Compared, 'comparison' | 'trials'>): number {
  if (trials.length > 0 && trials.every(({ outcome }) => outcome === 'not started')) return exitCodes.stack
  return cells.every(({ crashed, survived }) => crashed + survived > 0) ? exitCodes.held : exitCodes.notKnown
}
