import type { CellSummary, Grid } from '../../comparison.ts'
import { flagWords, quote } from '../command-words.ts'

/** `high-load-quick · memory 256m, 512m · 3 runs each`. */
export function describeGrid({ grid }: { readonly grid: Grid }): string {
  const axes = grid.axes.map(({ flag, values }) => `${flag} ${values.join(', ')}`)
  const fixed = flagWords(grid.fixed)
  const repeats = `${grid.repeats} run${grid.repeats === 1 ? '' : 's'} of each`
  return [grid.scenario, ...axes, ...fixed, repeats].join(' · ')
}

/** The command that makes this comparison. */
export function compareCommandOf({ scenario, axes, fixed, repeats }: Grid): string {
  const flags = [
    `--scenario ${scenario}`,
    ...axes.map(({ flag, values }) => `--vary ${quote(`${flag}=${values.join(',')}`)}`),
    ...flagWords(fixed),
    `--repeat ${repeats}`,
  ]
  return `npm run compare -- ${flags.join(' ')}`
}

/** Where the queueing model and a run are apart, a line for each cell. */
export function disagreements(cells: readonly CellSummary[]): string[] {
  return apartIn(cells).map(
    ({ cell, apart }) => `${cell}: measured ${apart.map(({ what, told }) => `${what} ${told}`).join('; ')}`,
  )
}

/** The same without the figures. */
export function disagreeingFigures(cells: readonly CellSummary[]): string[] {
  return apartIn(cells).map(({ cell, apart }) => `${cell}: ${apart.map(({ what }) => what).join(', ')}`)
}

function apartIn(cells: readonly CellSummary[]) {
  return cells
    .map(({ cell, forecast }) => ({ cell, apart: forecast?.disagreements ?? [] }))
    .filter(({ apart }) => apart.length > 0)
}

/** What the cell is in the table. */
export function nameOf({ values, cell }: CellSummary): string {
  const parts = Object.entries(values).map(([flag, value]) => `${flag} ${value}`)
  return parts.length === 0 ? cell : parts.join(', ')
}
