import { formatAt, formatBytes, formatMs } from '../../units.ts'
import { type Content, type Html, html } from './html.ts'

export type Unit = 'bytes' | 'ms' | 'count' | 'per second' | 'percent' | 'CPUs'
/** A name from the style sheet, where each has a tone for light and for dark. */
export type Colour = 'blue' | 'green' | 'red' | 'orange' | 'violet' | 'teal' | 'pink' | 'grey' | 'strong'

export interface Series {
  readonly label: string
  readonly colour: Colour
  /** One for each of the chart's times; `null`: nothing was read. */
  readonly values: readonly (number | null)[]
  readonly dashed?: boolean | undefined
  /** Points stand alone; bars are stacked on one another. A line by default. */
  readonly shape?: 'line' | 'points' | 'bars' | undefined
  /** What stands for many values in the chart's table; the highest by default. */
  readonly sumUp?: 'highest' | 'mean' | undefined
}

/** A picture of figures over time, with the same in words and as a table. */
export interface Chart {
  /** Unique on the page, fit for a link. */
  readonly id: string
  readonly title: string
  /** What is to be seen, for whoever cannot see it. */
  readonly text: string
  readonly unit: Unit
  /** Milliseconds since the burst, rising. */
  readonly timesMs: readonly number[]
  readonly series: readonly Series[]
  /** Straight lines across, such as a limit. */
  readonly levels?: readonly { readonly label: string; readonly colour: Colour; readonly value: number }[] | undefined
  readonly logarithmic?: boolean | undefined
  /** In place of a picture: why there is none. */
  readonly missing?: string | undefined
}

/** What all charts of a page have in common. Times in milliseconds since the burst. */
export interface Axis {
  readonly fromMs: number
  readonly toMs: number
  /** Moments drawn across all charts. */
  readonly marks: readonly { readonly atMs: number; readonly label: string; readonly colour: Colour }[]
}

const tableRows = 24

/** A chart's place on the page. The page's script draws it from the page's data; text and table are there without. */
export function chartFigure(chart: Chart): Html {
  return html`<figure class="chart" id="${chart.id}" tabindex="-1">
<figcaption><h3>${chart.title}</h3><p id="${chart.id}-text">${chart.text}</p>
${!chart.missing && html`<details><summary>As a table</summary>${chartTable(chart)}</details>`}</figcaption>
${
  chart.missing
    ? html`<p class="missing">${chart.missing}</p>`
    : html`<div class="plot" role="img" aria-label="${chart.title}" aria-describedby="${chart.id}-text" data-chart="${chart.id}"></div>`
}
</figure>`
}

function chartTable({ title, timesMs, series, unit }: Chart): Html {
  const perRow = Math.max(1, Math.ceil(timesMs.length / tableRows))
  const starts = timesMs.flatMap((t, index) => (index % perRow === 0 ? [{ t, index }] : []))
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title}, as a table"><table class="figures">
<thead><tr><th scope="col">From</th>${series.map(({ label }) => html`<th scope="col">${label}</th>`)}</tr></thead>
<tbody>${starts.map(
    ({ t, index }) => html`<tr><th scope="row">${formatAt(t)}</th>${series.map(
      (one) => html`<td>${formatFigure(sumUp(one, index, index + perRow), unit)}</td>`,
    )}</tr>
`,
  )}</tbody></table></div>`
}

function sumUp(series: Series, from: number, to: number): number | null {
  const values = series.values.slice(from, to).filter((value) => value !== null)
  if (values.length === 0) return null
  return series.sumUp === 'mean' ? values.reduce((sum, value) => sum + value, 0) / values.length : Math.max(...values)
}

/** A figure in its unit; a dash for none. */
export function formatFigure(value: number | null, unit: Unit): string {
  if (value === null) return '–'
  switch (unit) {
    case 'bytes':
      return formatBytes(value)
    case 'ms':
      return formatMs(value)
    case 'percent':
      return `${Math.round(value)} %`
    default:
      return value.toLocaleString('en', { maximumFractionDigits: 1 })
  }
}

/** A table of texts; the first column names its row. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly Content[])[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...rest]) => html`<tr><th scope="row">${first}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  )}</tbody></table></div>`
}
