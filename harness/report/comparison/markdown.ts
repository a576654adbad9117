import { markdownTable } from 'markdown-table'
import type { CellSummary, Comparison, Grid } from '../../comparison.ts'
import { flagWords, quote } from '../command-words.ts'
import { inert } from '../inert.ts'
import { figureRows, tableNotes } from './rows.ts'
import { disagreements } from './terminal.ts'

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

/** The comparison as a table: a row for each cell. */
export function renderComparisonMarkdown(comparison: Comparison): string {
  const head = ['', ...figureRows.map(({ what }) => what)]
  const rows = comparison.cells.map((cell) => [nameOf(cell), ...figureRows.map((row) => row.of(cell))])
  const plain = (text: string) =>
    inert(text)
      .replaceAll(/[|\\`<>*_[\]]/g, (character) => `\\${character}`)
      .replaceAll('\n', ' ')
  const notes = [
    ...tableNotes,
    ...comparison.cells.flatMap(({ cell, why }) => why.map((one) => `${cell}: ${one}`)),
    ...disagreements(comparison.cells).map((line) => `The queueing model, with the run's own figures: ${line}`),
    ...(comparison.finished < comparison.planned
      ? [`${comparison.finished} of ${comparison.planned} runs are finished.`]
      : []),
    `Measured at ${comparison.commits.join(', ') || 'no commit'}.`,
  ]
  const table = markdownTable([head, ...rows.map((cells) => cells.map(plain))])
  const command = `\`${inert(compareCommandOf(comparison.grid)).replaceAll('`', "'")}\``
  return `${command}\n\n${table}\n\n${notes.map((note) => `- ${plain(note)}`).join('\n')}\n`
}

/** What the cell is in the table. */
export function nameOf({ values, cell }: CellSummary): string {
  const parts = Object.entries(values).map(([flag, value]) => `${flag} ${value}`)
  return parts.length === 0 ? cell : parts.join(', ')
}
