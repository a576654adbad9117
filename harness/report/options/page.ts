import type { Held, OptionResult, OptionsReport } from '../../option.ts'
import { memoryCharts } from '../comparison/memory-chart.ts'
import { chartFigure, table } from '../page/chart.ts'
import { type Content, type Html, html } from '../page/html.ts'
import { cursorControl, renderPage } from '../page/shell.ts'
import { beforeAfterHead, beforeAfterRows } from './before-after.ts'
import { claimColumns, costColumns, type OptionColumn, optionNotes } from './rows.ts'
import { describeOptions, optionsCommandOf } from './words.ts'

const looks: Readonly<Record<Held, string>> = {
  yes: 'refuted',
  no: 'supported',
  'not known': 'inconclusive',
  'nothing claimed': 'inconclusive',
}

/** The options as one page that asks nobody for anything: the table, before and after, memory over time. */
export function renderOptionsPage(report: OptionsReport): string {
  const { results, finished, planned, commits, id } = report
  const { axis, charts } = memoryCharts(results.map(({ cell }) => cell))
  const changes = beforeAfterRows(results)
  return renderPage({
    title: describeOptions(report),
    charts,
    axis,
    main: html`<header><h1>What would have fixed it</h1>
<p>${describeOptions(report)}</p>
<p><code>${optionsCommandOf(report)}</code></p>
${finished < planned && html`<p class="missing">${finished} of ${planned} runs are finished.</p>`}</header>
<section><h2>Options</h2>
${optionTable('What was expected, and what was measured', claimColumns, results)}
<h3>What it costs</h3>
${optionTable('What it costs', costColumns, results)}
<ul>${[...optionNotes, ...results.flatMap(({ name, cell }) => cell.why.map((one) => `${name}: ${one}`))].map(
      (note) => html`<li>${note}</li>`,
    )}</ul></section>
${
  changes.length > 0 &&
  html`<section><h2>Before and after</h2>
<p>The report’s own table, beside what was measured.</p>
${table('Before and after', beforeAfterHead, changes)}</section>`
}
<section><h2>Memory over time</h2>
<p>Each run of an option, with the limit across. Dashed: what the queueing model makes of the first run’s own figures.</p>
${cursorControl(axis)}
${charts.map(chartFigure)}</section>
<section><h2>Each alone</h2>
<ul>${results.map(({ name, command }) => html`<li>${name}: <code>${command}</code></li>`)}</ul></section>
<footer><p>Measured at ${commits.join(', ') || 'no commit'}. ${id}</p></footer>`,
  })
}

function optionTable(caption: string, columns: readonly OptionColumn[], results: readonly OptionResult[]): Html {
  return table(
    caption,
    columns.map(({ what }) => what),
    results.map((result) => columns.map((column) => cellOf(column, result))),
  )
}

function cellOf({ what, of }: OptionColumn, result: OptionResult): Content {
  const { held, because, cell } = result
  if (what !== 'Holds' || cell.state === null) return of(result)
  const word = held === 'nothing claimed' ? '-' : held
  return html`<span class="answer ${looks[held]}">${word}</span> ${because}`
}
