import { styleText } from 'node:util'
import wrapAnsi from 'wrap-ansi'
import type { CellState, CellSummary, Comparison } from '../../comparison.ts'
import { inert } from '../inert.ts'
import { field, fromHere, indent, type Styler } from '../terminal.ts'
import { figureRows } from './rows.ts'
import { describeGrid, disagreeingFigures } from './words.ts'

const labelWidth = 15
const cellWidth = 16
const narrow = 80
const wide = 100

const stateStyles: Readonly<Record<CellState, Parameters<typeof styleText>[0]>> = {
  'did not start': 'yellow',
  'not known': 'yellow',
  crashes: ['bold', 'red'],
  'survives, loses events': ['bold', 'yellow'],
  'survives, stores events twice': 'yellow',
  clean: ['bold', 'green'],
}

/** The comparison at 80 to 100 columns: a column for each cell, in as many blocks as it takes. */
export function renderComparison(
  comparison: Comparison,
  {
    dir,
    stream,
  }: { readonly dir: string; readonly stream: Pick<NodeJS.WriteStream, 'columns'> & NodeJS.WritableStream },
): string {
  const style: Styler = (format, text) => styleText(format, text, { stream })
  const columns = Math.min(wide, Math.max(narrow, stream.columns ?? narrow))
  const perBlock = Math.floor((columns - labelWidth - 1) / cellWidth)
  const { cells, finished, planned } = inert(comparison)
  const blocks = Array.from({ length: Math.ceil(cells.length / perBlock) }, (_, index) =>
    cells.slice(index * perBlock, (index + 1) * perBlock),
  )
  return [
    '',
    ...indent(1, `${style('bold', 'culprit')}  compare ${describeGrid(comparison)}`),
    ...(finished < planned ? indent(1, style('yellow', `${finished} of ${planned} runs are finished`)) : []),
    '',
    ...blocks.flatMap((block) => [...blockLines(block, style), '']),
    ...cells.flatMap(({ cell, why }) => why.flatMap((one) => indent(3, style('yellow', `${cell}: ${one}`)))),
    ...modelLines(cells, style),
    ...field(
      'note',
      'p50 to p99: response time, mean ± its 95 % interval over the runs; a–b: lowest and highest run',
      style,
    ),
    ...field('picture', fromHere(`${dir}/compare.html`), style),
    ...field('files', 'table.md, compare.json, compare.csv and runs/ beside it', style),
    '',
  ].join('\n')
}

function modelLines(cells: readonly CellSummary[], style: Styler): string[] {
  const lines = disagreeingFigures(cells)
  if (lines.length === 0) return []
  const text = `measured outside of what its seeds predict (table.md has the figures): ${lines.join('; ')}`
  return field('model', text, style)
}

function blockLines(cells: readonly CellSummary[], style: Styler): string[] {
  const head = row(
    '',
    cells.map(({ values, cell }) => {
      const lines = Object.entries(values).map(([flag, value]) => `${flag} ${value}`)
      return lines.length === 0 ? cell : lines.join('\n')
    }),
  )
  return [
    ...head.map((line) => style('bold', line)),
    ...figureRows.flatMap((figure) => {
      const texts = cells.map((cell) => figure.of(cell))
      const painters = cells.map(
        ({ state }) =>
          (text: string) =>
            state ? style(stateStyles[state], text) : text,
      )
      return row(figure.what, texts, figure.what === 'outcome' ? painters : [])
    }),
  ]
}

/** One row of cells, as many lines as its longest cell needs. */
function row(label: string, texts: readonly string[], painters: readonly ((text: string) => string)[] = []): string[] {
  const columns = texts.map((text) => wrapAnsi(text, cellWidth - 1, { hard: true }).split('\n'))
  const height = Math.max(1, ...columns.map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) => {
    const cells = columns.map((lines, column) => {
      const text = (lines[line] ?? '').padEnd(cellWidth)
      return painters[column]?.(text) ?? text
    })
    return ` ${(line === 0 ? label : '').padEnd(labelWidth)}${cells.join('')}`.trimEnd()
  })
}
