import { join } from 'node:path'
import { sum } from 'simple-statistics'
import type { OptionsRequest } from '../../command-line/commands/options.ts'
import { exitCodes, InterruptedError } from '../../errors.ts'
import type { OptionsReport } from '../../option.ts'
import { flagWords, quote } from '../../report/command-words.ts'
import { renderOptions, writeOptions } from '../../report/options/index.ts'
import type { Means } from '../campaign/carry-out.ts'
import { describeEstimate, estimateMs } from '../campaign/estimate.ts'
import { placeOf } from '../campaign/place.ts'
import { compare } from '../compare/compare.ts'
import { reportOptions } from './results.ts'

export type OptionsOrder = Omit<OptionsRequest, 'command'>

/** The order of the runs is random, and the same whenever the same options are run. */
const orderSeed = 1

/**
 * `npm run scenario options`: says the plan, runs every option, writes and prints what came of it. Gives the exit code.
 *
 * @throws InputError, and InterruptedError after what is finished was written
 */
export async function conductOptions(order: OptionsOrder, means: Means, stdout: NodeJS.WriteStream): Promise<number> {
  const { grid, cells, only, options, isQuick } = order
  const dir = await placeOf('options', { ...order, scenario: grid.scenario })
  const now = cells.filter(({ name }) => !only || only.includes(name))
  const each = now.flatMap(({ plans }) => plans).map(estimateMs)
  const total = { low: sum(each.map(({ low }) => low)), high: sum(each.map(({ high }) => high)) }
  means.say(`${now.length} options, ${each.length} runs, about ${describeEstimate(total)}, in ${dir}`)
  const { comparison, trials, isInterrupted } = await compare({
    ...means,
    ...order,
    dir,
    seed: orderSeed,
    retriesUnknown: true,
  })
  const commands = new Map(cells.map(({ name, plans }) => [name, plans[0]?.replay ?? '']))
  const report = reportOptions({ dir, isQuick, options, commands, comparison, trials })
  await writeOptions(dir, report, trials)
  if (isInterrupted) {
    means.say(`${report.finished} of ${report.planned} runs are finished and kept: ${join(dir, 'options.md')}`)
    means.say(`go on with: ${commandOf(order)} --out ${quote(dir)} --resume`)
    throw new InterruptedError('interrupted')
  }
  stdout.write(order.json ? `${JSON.stringify(report, null, 2)}\n` : renderOptions(report, { dir, stream: stdout }))
  return exitCodeOf(report)
}

/** By the options that were run: what was left out by `--only` says nothing. */
export function exitCodeOf({ results }: Pick<OptionsReport, 'results'>): number {
  const run = results.filter(({ cell }) => cell.state !== null)
  if (run.length > 0 && run.every(({ cell }) => cell.state === 'did not start')) return exitCodes.stack
  if (run.some(({ held }) => held === 'no')) return exitCodes.notHeld
  return run.some(({ held }) => held === 'not known') ? exitCodes.notKnown : exitCodes.held
}

function commandOf({ isQuick, grid, only }: OptionsOrder): string {
  const flags = flagWords({
    ...(isQuick && { quick: 'true' }),
    ...(only && { only: only.join(',') }),
    repeat: String(grid.repeats),
    ...grid.fixed,
  })
  return `npm run scenario options -- ${flags.join(' ')}`
}
