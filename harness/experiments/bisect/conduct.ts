import type { BisectRequest } from '../../command-line/commands/bisect.ts'
import { exitCodes, InterruptedError } from '../../errors.ts'
import { flagWords, quote } from '../../report/command-words.ts'
import { renderBisection, writeBisection } from '../../report/threshold/index.ts'
import { formatDose } from '../../report/threshold/words.ts'
import type { Means } from '../campaign/carry-out.ts'
import { describeEstimate, estimateMs } from '../campaign/estimate.ts'
import { placeOf } from '../campaign/place.ts'
import { bisect } from './bisect.ts'

export type BisectOrder = Omit<BisectRequest, 'command'>

/**
 * `npm run bisect`: says the plan, searches, writes and prints what came of it. Gives the exit code.
 *
 * @throws InputError, and InterruptedError after what is finished was written
 */
export async function conductBisect(order: BisectOrder, means: Means, stdout: NodeJS.WriteStream): Promise<number> {
  const { search } = order
  const dir = await placeOf('bisect', { ...order, scenario: search.scenario })
  const each = estimateMs(order.plan(search.from, search.seed))
  const total = { low: search.maxRuns * each.low, high: search.maxRuns * each.high }
  const range = `${search.find} from ${formatDose(search.from, search)} to ${formatDose(search.to, search)}`
  means.say(
    `${range}, at most ${search.maxRuns} runs of about ${describeEstimate(each)} (${describeEstimate(total)} in all), in ${dir}`,
  )
  const { bisection, trials } = await bisect({ ...means, ...order, dir })
  await writeBisection(dir, bisection, trials)
  if (bisection.end === 'interrupted') {
    means.say(`${trials.length} runs are finished and kept; go on with: ${commandOf(order, dir)}`)
    throw new InterruptedError('interrupted')
  }
  stdout.write(
    order.json ? `${JSON.stringify(bisection, null, 2)}\n` : renderBisection(bisection, { dir, stream: stdout }),
  )
  const isStarted = trials.some(({ outcome }) => outcome !== 'not started')
  if (!isStarted && trials.length > 0) return exitCodes.stack
  return bisection.end === 'narrow enough' ? exitCodes.held : exitCodes.notKnown
}

function commandOf({ search, name }: BisectOrder, dir: string): string {
  const value = (dose: number) => name(dose).slice(name(dose).indexOf('=') + 1)
  const { scenario, find, from, to, maxRuns, fixed } = search
  const flags = flagWords({ scenario, find, from: value(from), to: value(to), 'max-runs': String(maxRuns), ...fixed })
  return ['npm run bisect --', ...flags, `--out ${quote(dir)}`, '--resume'].join(' ')
}
