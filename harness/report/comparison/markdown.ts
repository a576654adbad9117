import { markdownTable } from 'markdown-table'
import type { Comparison } from '../../comparison.ts'
import { inert } from '../inert.ts'
import { figureRows, tableNotes } from './rows.ts'
import { compareCommandOf, disagreements, nameOf } from './words.ts'

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
