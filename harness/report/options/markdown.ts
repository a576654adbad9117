import { markdownTable } from 'markdown-table'
import type { OptionResult, OptionsReport } from '../../option.ts'
import { inert } from '../inert.ts'
import { beforeAfterHead, beforeAfterRows } from './before-after.ts'
import { claimColumns, costColumns, type OptionColumn, optionNotes } from './rows.ts'
import { describeOptions, optionsCommandOf } from './words.ts'

/** The options as tables. */
export function renderOptionsMarkdown(report: OptionsReport): string {
  const plain = (text: string) =>
    inert(text)
      .replaceAll(/[|\\`<>*_[\]]/g, (character) => `\\${character}`)
      .replaceAll('\n', ' ')
  const tableOf = (rows: readonly (readonly string[])[]) => markdownTable(rows.map((row) => row.map(plain)))
  const { results, finished, planned, commits } = report
  const changes = beforeAfterRows(results)
  const notes = [
    ...optionNotes,
    ...results.flatMap(({ name, cell }) => cell.why.map((one) => `${name}: ${one}`)),
    ...(finished < planned ? [`${finished} of ${planned} runs are finished.`] : []),
    `Measured at ${commits.join(', ') || 'no commit'}.`,
  ]
  return [
    `# ${describeOptions(report)}`,
    `\`${optionsCommandOf(report)}\``,
    tableOf(inColumns(claimColumns, results)),
    '## What it costs',
    tableOf(inColumns(costColumns, results)),
    ...(changes.length > 0
      ? ['## Before and after, by the report and as measured', tableOf([beforeAfterHead, ...changes])]
      : []),
    '## Each alone',
    results.map(({ name, command }) => `- ${plain(name)}: \`${inert(command).replaceAll('`', "'")}\``).join('\n'),
    notes.map((note) => `- ${plain(note)}`).join('\n'),
  ]
    .join('\n\n')
    .concat('\n')
}

function inColumns(columns: readonly OptionColumn[], results: readonly OptionResult[]): string[][] {
  return [columns.map(({ what }) => what), ...results.map((result) => columns.map(({ of }) => of(result)))]
}
