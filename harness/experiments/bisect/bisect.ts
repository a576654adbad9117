import { basename, join } from 'node:path'
import { quantile } from 'simple-statistics'
import { InterruptedError } from '../../errors.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Ask, Forecast, Span } from '../../prediction.ts'
import { type Bisection, type Search, type SearchEnd, wantedShare } from '../../threshold.ts'
import type { Trial } from '../../trial.ts'
import { openCampaign } from '../campaign/campaign.ts'
import { carryOut, type Means } from '../campaign/carry-out.ts'
import { describeTrial } from '../compare/compare.ts'
import { lineThrough } from '../statistics/estimates.ts'
import { createLocator, type Located } from '../statistics/threshold.ts'
import { thresholdsOf } from '../what-if.ts'

export interface BisectOptions extends Means {
  readonly search: Search
  readonly doses: readonly number[]
  readonly dir: string
  readonly isResumed: boolean
  name(dose: number): string
  plan(dose: number, seed: number): RunPlan
}

export interface Bisected {
  readonly bisection: Bisection
  readonly trials: readonly Trial[]
}

/** What did not start within this of a value is not tried again. */
const nearShare = 0.05
/** So many in a row that do not start, and none that did: nothing ever will. */
const mostFailedStarts = 3
const sureShare = 0.95

/**
 * Run by run, each at the value whose answer tells most, until the interval is narrow enough. Each result is kept as it
 * comes, and a resumed search goes on as if it had never been interrupted.
 *
 * @throws InputError when the folder cannot be used, or is of another search
 */
export async function bisect(options: BisectOptions): Promise<Bisected> {
  const { search, doses, dir } = options
  // More runs than were allowed at first are no other search.
  const { maxRuns: _, ...definition } = search
  const campaign = await openCampaign(dir, 'search.json', { kind: 'bisect', ...definition }, options.isResumed)
  const trials = [...campaign.trials]
  const doseOf = new Map(doses.map((dose) => [options.name(dose), dose]))
  const locator = createLocator(doses, search.moreHelps)
  const answersOf = () =>
    trials.filter(isDecided).flatMap(({ cell, outcome }) => {
      const dose = doseOf.get(cell)
      return dose === undefined ? [] : [{ dose, survived: outcome === 'survived' }]
    })
  let end: SearchEnd | null = null
  for (;;) {
    const answers = answersOf()
    const located = locator.locate(answers)
    end = endOf(located, options, trials)
    const failed = trials.filter(({ outcome }) => outcome === 'not started').map(({ cell }) => doseOf.get(cell) ?? 0)
    const isNear = (dose: number) => failed.some((one) => Math.abs(dose / one - 1) <= nearShare)
    const dose = end ? null : locator.next(answers, (one) => !isNear(one))
    if (end || dose === null) {
      return {
        bisection: await summarise(
          options,
          trials,
          doseOf,
          end ?? 'nothing to try',
          answers.length > 0 ? located : null,
        ),
        trials,
      }
    }
    const run = trials.length + 1
    const plan = options.plan(dose, search.seed + trials.length)
    const cell = options.name(dose)
    const what = `run ${run} of at most ${search.maxRuns}: ${cell}, seed ${plan.seed}`
    try {
      const folder = join(campaign.runsDir, `run-${run}`)
      const trial = await carryOut({ cell, repeat: run, plan, isForeseen: false }, folder, options, what)
      await campaign.keep(trial)
      trials.push(trial)
      options.say(`${what}: ${describeTrial(trial)}`)
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error
      return {
        bisection: await summarise(options, trials, doseOf, 'interrupted', answers.length > 0 ? located : null),
        trials,
      }
    }
  }
}

function endOf(located: Located, { search, doses }: BisectOptions, trials: readonly Trial[]): SearchEnd | null {
  const { dose, low, high, belowRange, aboveRange } = located
  if (belowRange >= sureShare) return 'below range'
  if (aboveRange >= sureShare) return 'above range'
  // Values between two that can be tried are all the same.
  const step = search.unit === 'count' ? 0.5 : 0
  const isWithin = (one: number) => one >= (doses[0] ?? 0) && one <= (doses.at(-1) ?? 0)
  const half = Math.max(wantedShare * dose, step)
  if (isWithin(dose) && high - dose <= half && dose - low <= half) return 'narrow enough'
  const neverStarted = trials.length >= mostFailedStarts && trials.every(({ outcome }) => outcome === 'not started')
  if (neverStarted) return 'nothing to try'
  return trials.length >= search.maxRuns ? 'runs used up' : null
}

async function summarise(
  { search, dir, ask }: BisectOptions,
  trials: readonly Trial[],
  doseOf: ReadonlyMap<string, number>,
  end: SearchEnd,
  located: Located | null,
): Promise<Bisection> {
  const byCell = [...Map.groupBy(trials, ({ cell }) => cell)].map(([cell, same]) => {
    const count = (outcome: Trial['outcome']) => same.filter((trial) => trial.outcome === outcome).length
    const [crashed, survived] = [count('crashed'), count('survived')]
    return { dose: doseOf.get(cell) ?? Number.NaN, crashed, survived, neither: same.length - crashed - survived }
  })
  return {
    id: basename(dir),
    search,
    end,
    located: located && { dose: located.dose, low: located.low, high: located.high },
    doses: byCell.sort((a, b) => a.dose - b.dose),
    runs: trials.length,
    why: [...new Set(trials.flatMap(({ cell, why }) => (why === null ? [] : [`${cell}: ${why}`])))],
    line: memoryLine(trials),
    predicted: end === 'interrupted' ? null : await predicted(search, trials, { dir, ask, located, doseOf }),
    commits: [...new Set(trials.map(({ commit }) => commit.slice(0, 12)))],
  }
}

function memoryLine(trials: readonly Trial[]): Bisection['line'] {
  const points = trials
    .filter(isDecided)
    .flatMap(({ peakPendingEvents: x, peakBytes: y }) => (x === null || y === null ? [] : [[x, y] as const]))
  const line = lineThrough(points)
  return (
    line && {
      bytesPerPendingEvent: line.slope,
      interval: line.interval,
      bytesWithoutAny: line.intercept,
      runs: line.n,
    }
  )
}

/** Figures of a run that a neighbour disturbed mislead: so many runs next to the threshold are asked, and half of them told. */
const askedRuns = 9

async function predicted(
  { find }: Search,
  trials: readonly Trial[],
  {
    dir,
    ask,
    located,
    doseOf,
  }: {
    readonly dir: string
    readonly ask: Ask
    readonly located: Located | null
    readonly doseOf: ReadonlyMap<string, number>
  },
): Promise<Bisection['predicted']> {
  const pick = predictedBy[find]
  if (!pick || !located) return null
  const distance = ({ cell }: Trial) => Math.abs(Math.log((doseOf.get(cell) ?? 1) / located.dose))
  const nearest = trials.filter(isDecided).sort((a, b) => distance(a) - distance(b))
  const found: number[] = []
  for (const { run } of nearest.slice(0, askedRuns)) {
    const thresholds = await thresholdsOf(join(dir, 'runs', run), ask)
    const span = thresholds && pick(thresholds)
    if (span) found.push((span.low + (span.high ?? span.low)) / 2)
  }
  if (found.length === 0) return null
  const [low = 0, median = 0, high = 0] = quantile(found, [0.25, 0.5, 0.75])
  return { low, median, high, runs: found.length }
}

const predictedBy: Readonly<Record<string, (thresholds: Forecast['thresholds']) => Span | null>> = {
  memory: ({ memoryBytes }) => memoryBytes,
  rrs: ({ rrs }) => rrs.survive,
  cpus: ({ cpus }) => cpus?.survive ?? null,
}

function isDecided({ outcome }: Trial): boolean {
  return outcome === 'crashed' || outcome === 'survived'
}
