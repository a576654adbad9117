import { formatAt, formatBytes, formatMs } from '../../units.ts'
import { type Content, type Html, html } from './html.ts'

export type Unit = 'bytes' | 'ms' | 'count' | 'per second' | 'percent' | 'CPUs'
/** A name from the style sheet, where each has a tone for light and for dark. */
export type Colour = 'blue' | 'green' | 'red' | 'orange' | 'violet' | 'teal' | 'pink' | 'grey' | 'strong'

export interface Series {
  readonly label: string
  readonly colour: Colour
  /** Milliseconds since the burst, rising. All bars of a chart have the same. */
  readonly timesMs: readonly number[]
  /** One for each time; `null`: nothing was read. */
  readonly values: readonly (number | null)[]
  readonly dashed?: boolean | undefined
  /** Points stand alone; bars are stacked on one another. A line by default. */
  readonly shape?: 'line' | 'points' | 'bars' | undefined
}

/** A picture of figures over time, with the same in words and as a table. */
export interface Chart {
  /** Unique on the page, fit for a link. */
  readonly id: string
  readonly title: string
  /** What is to be seen, for whoever cannot see it. */
  readonly text: string
  readonly unit: Unit
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
${!chart.missing && html`<details><summary aria-label="As a table: ${chart.title}">As a table</summary>${chartTable(chart)}</details>`}</figcaption>
${
  chart.missing
    ? html`<p class="missing">${chart.missing}</p>`
    : html`<div class="plot" role="img" aria-label="${chart.title}" aria-describedby="${chart.id}-text" data-chart="${chart.id}"></div>`
}
</figure>`
}

function chartTable({ title, series, unit }: Chart): Html {
  const times = series.flatMap(({ timesMs }) => [timesMs[0] ?? [], timesMs.at(-1) ?? []].flat())
  const [fromMs, toMs] = [Math.floor(Math.min(...times) / 1_000) * 1_000, Math.max(...times)]
  const widthMs = Math.max(1_000, Math.ceil((toMs - fromMs) / tableRows / 1_000) * 1_000)
  const rows = Array.from({ length: Math.floor((toMs - fromMs) / widthMs) + 1 }, (_, index) => fromMs + index * widthMs)
  return table(
    `${title}, as a table`,
    ['From', ...series.map(({ label }) => label)],
    rows.map((ms) => [formatAt(ms), ...series.map((one) => formatFigure(highestIn(one, ms, ms + widthMs), unit))]),
    'figures',
  )
}

function highestIn({ timesMs, values }: Series, fromMs: number, toMs: number): number | null {
  return timesMs.reduce<number | null>((highest, t, index) => {
    const value = values[index] ?? null
    if (t < fromMs || t >= toMs || value === null) return highest
    return highest === null ? value : Math.max(highest, value)
  }, null)
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
export function table(
  caption: string,
  head: readonly Content[],
  rows: readonly (readonly Content[])[],
  look = 'texts',
): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table class="${look}">
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...rest]) => html`<tr><th scope="row">${first}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  )}</tbody></table></div>`
}
