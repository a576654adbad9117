import type { CellState, CellSummary, Comparison } from '../../comparison.ts'
import type { Estimate } from '../../trial.ts'
import { parseSize } from '../../units.ts'
import { chartFigure, table } from '../page/chart.ts'
import { type Html, html } from '../page/html.ts'
import { cursorControl, renderPage } from '../page/shell.ts'
import { doseFigure } from './dose-chart.ts'
import { memoryCharts } from './memory-chart.ts'
import { figureRows, tableNotes } from './rows.ts'
import { compareCommandOf, describeGrid, disagreements, nameOf } from './words.ts'

/** The comparison as one page that asks nobody for anything: table, dose against response, memory over time. */
export function renderComparisonPage(comparison: Comparison): string {
  const { cells, grid, commits } = comparison
  const { axis, charts } = memoryCharts(cells)
  return renderPage({
    title: `compare ${describeGrid(comparison)}`,
    charts,
    axis,
    main: html`<header><h1>${grid.scenario}, compared</h1>
<p>${describeGrid(comparison)}</p>
<p><code>${compareCommandOf(grid)}</code></p>
${comparison.finished < comparison.planned && html`<p class="missing">${comparison.finished} of ${comparison.planned} runs are finished.</p>`}</header>
<section><h2>Cells</h2>
${cellTable(cells)}
<ul>${[...tableNotes, ...cells.flatMap(({ cell, why }) => why.map((one) => `${cell}: ${one}`))].map(
      (note) => html`<li>${note}</li>`,
    )}</ul></section>
<section><h2>Dose against response</h2>
${doseFigures(comparison)}</section>
<section><h2>Memory over time</h2>
<p>Each run of a cell, with the limit across. Dashed: what the queueing model makes of the first run’s own figures. ${modelNote(cells)}</p>
${cursorControl(axis)}
${charts.map(chartFigure)}</section>
<footer><p>Measured at ${commits.join(', ') || 'no commit'}. ${comparison.id}</p></footer>`,
  })
}

const stateLooks: Readonly<Record<CellState, string>> = {
  'did not start': 'inconclusive',
  'not known': 'inconclusive',
  crashes: 'supported',
  'survives, loses events': 'supported',
  'survives, stores events twice': 'inconclusive',
  clean: 'refuted',
}

/** A column for each cell: figures of the same kind stand in one line. */
function cellTable(cells: readonly CellSummary[]): Html {
  return table(
    'The cells',
    ['Figure', ...cells.map(nameOf)],
    figureRows.map((row) => [
      html`${row.what} <span class="dim">${row.meaning}</span>`,
      ...cells.map((cell) =>
        row.what === 'outcome' && cell.state
          ? html`<span class="answer ${stateLooks[cell.state]}">${row.of(cell)}</span>`
          : row.of(cell),
      ),
    ]),
  )
}

function modelNote(cells: readonly CellSummary[]): Html {
  const apart = disagreements(cells)
  if (apart.length > 0)
    return html`Where both disagree beyond what its seeds allow:</p><ul>${apart.map((line) => html`<li>${line}</li>`)}</ul><p>`
  const foreseen = cells.filter(({ forecast }) => forecast !== null).length
  return foreseen === 0
    ? html`No record holds the figures that it needs.`
    : html`What was measured lies within what its seeds allow, in each of ${foreseen} cells.`
}

function doseFigures({ cells, grid }: Comparison): Html {
  const [first] = grid.axes
  if (!first) return html`<p>Nothing was varied.</p>`
  const doses = inOrder(first.values)
  const others = [...new Set(cells.map((cell) => othersOf(cell, first.flag)))]
  const lines = (share: (cell: CellSummary) => Estimate | null) =>
    others.map((label) => ({
      label,
      shares: doses.map((dose) => {
        const cell = cells.find((one) => one.values[first.flag] === dose && othersOf(one, first.flag) === label)
        return cell ? share(cell) : null
      }),
    }))
  const common = { axis: first.flag, doses }
  return html`${doseFigure({
    ...common,
    id: 'crash-share',
    title: 'Runs that crashed',
    text: 'The share of runs that crashed, with its 90 % interval (Clopper-Pearson): a few runs tell little.',
    lines: lines(({ crashShare }) => crashShare),
  })}
${doseFigure({
  ...common,
  id: 'exactly-once-share',
  title: 'Events acknowledged and stored exactly once',
  text: 'The share of the emitted events, with the 95 % interval of its mean. Surviving is not curing: where this is low, events were lost or stored twice.',
  lines: lines(({ exactlyOnceShare }) => exactlyOnceShare),
})}`
}

function othersOf({ values }: CellSummary, flag: string): string {
  return Object.entries(values)
    .filter(([other]) => other !== flag)
    .map(([other, value]) => `${other} ${value}`)
    .join(', ')
}

/** By size where all are sizes or numbers, else as given. */
function inOrder(values: readonly string[]): readonly string[] {
  const sizes = values.map(parseSize)
  if (sizes.some((size) => size === null)) return values
  return [...values].sort((a, b) => (parseSize(a) ?? 0) - (parseSize(b) ?? 0))
}
