import { basename, join } from 'node:path'
import type { Comparison, Grid } from '../../comparison.ts'
import { InterruptedError } from '../../errors.ts'
import type { RunPlan } from '../../manifest.ts'
import type { Trial } from '../../trial.ts'
import { formatAt } from '../../units.ts'
import { openCampaign } from '../campaign/campaign.ts'
import { carryOut, type Means } from '../campaign/carry-out.ts'
import { type Cell, summariseCell } from './cells.ts'
import { orderRuns } from './order.ts'

export interface GridCell extends Cell {
  /** One for each repeat, each with a seed of its own. */
  readonly plans: readonly RunPlan[]
}

export interface CompareOptions extends Means {
  readonly grid: Grid
  readonly cells: readonly GridCell[]
  readonly dir: string
  readonly isResumed: boolean
  /** Seed of the order of runs. */
  readonly seed: number
  /** Names of the cells that are run now. Absent: all. */
  readonly only?: readonly string[] | undefined
  /** Whether runs without a known outcome are run again when resumed. */
  readonly retriesUnknown?: boolean | undefined
}

export interface Compared {
  readonly comparison: Comparison
  readonly trials: readonly Trial[]
  readonly isInterrupted: boolean
}

/**
 * Every run of the grid that has no result yet, in random order. Each result is kept as it comes. What did not start is
 * tried again when it is resumed.
 *
 * @throws InputError when the folder cannot be used, or is of another grid
 */
export async function compare(options: CompareOptions): Promise<Compared> {
  const { grid, cells, dir, isResumed, seed, only, retriesUnknown } = options
  const isNow = (cell: string) => !only || only.includes(cell)
  const campaign = await openCampaign(dir, 'grid.json', { kind: 'compare', ...grid, orderSeed: seed }, isResumed)
  const isOpen = ({ outcome }: Trial) => outcome === 'not started' || (retriesUnknown && outcome === 'unknown')
  const trials = campaign.trials.filter((trial) => !isOpen(trial) || !isNow(trial.cell))
  const turns = orderRuns(cells.length, grid.repeats, seed)
  let isInterrupted = false
  for (const [index, { cell: number, repeat }] of turns.entries()) {
    const cell = cells[number]
    const plan = cell?.plans[repeat - 1]
    if (!cell || !plan || trials.some((trial) => trial.cell === cell.name && trial.repeat === repeat)) continue
    if (!isNow(cell.name)) continue
    const what = `run ${index + 1} of ${turns.length}: ${cell.name}, seed ${plan.seed}`
    const folder = join(campaign.runsDir, `cell-${number + 1}-run-${repeat}`)
    const isForeseen = !trials.some((trial) => trial.cell === cell.name && trial.forecast !== null)
    try {
      const trial = await carryOut({ cell: cell.name, repeat, plan, isForeseen }, folder, options, what)
      await campaign.keep(trial)
      trials.push(trial)
      options.say(`${what}: ${describeTrial(trial)}`)
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error
      isInterrupted = true
      break
    }
  }
  return { comparison: summarise(options, trials), trials, isInterrupted }
}

/** What became of one run, in a few words. */
export function describeTrial({ outcome, diedMs, why, events }: Trial): string {
  if (outcome === 'not started') return `did not start: ${why}`
  if (outcome === 'unknown') return `not known: ${why}`
  const acknowledged = events ? `, ${events.acknowledged} of ${events.emitted} events acknowledged` : ''
  return `${outcome === 'crashed' ? `crashed at ${formatAt(diedMs ?? 0)}` : 'survived'}${acknowledged}`
}

function summarise({ grid, cells, dir }: CompareOptions, trials: readonly Trial[]): Comparison {
  const summaries = cells.map((cell) =>
    summariseCell(
      cell,
      trials.filter((trial) => trial.cell === cell.name).sort((a, b) => a.repeat - b.repeat),
      grid.repeats,
    ),
  )
  const commits = [...new Set(trials.map(({ commit }) => commit.slice(0, 12)))]
  const planned = cells.length * grid.repeats
  return { id: basename(dir), grid, cells: summaries, finished: trials.length, planned, commits }
}
