import type { Estimate } from '../../trial.ts'
import type { Colour } from '../page/chart.ts'
import { type Html, html } from '../page/html.ts'

/** A share at each dose, a line for each other combination of values. */
export interface DoseChart {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly axis: string
  readonly doses: readonly string[]
  readonly lines: readonly { readonly label: string; readonly shares: readonly (Estimate | null)[] }[]
}

const colours: readonly Colour[] = ['blue', 'orange', 'green', 'violet', 'red', 'teal', 'pink', 'grey']
const [width, height] = [640, 260]
const room = { left: 56, right: 16, top: 14, bottom: 44 }

/**
 * Dose against response, with the interval of each share as a bar. Drawn here: its axis are names of values, not times,
 * and a picture of a few points needs no script.
 */
export function doseFigure({ id, title, text, axis, doses, lines }: DoseChart): Html {
  const plotWidth = width - room.left - room.right
  const plotHeight = height - room.top - room.bottom
  const y = (share: number) => round(room.top + (1 - share) * plotHeight)
  // Lines lie side by side, so that equal shares do not hide one another.
  const x = (dose: number, line: number) =>
    round(room.left + (plotWidth * (dose + 0.5)) / doses.length + (line - (lines.length - 1) / 2) * 7)
  const ticks = [0, 0.25, 0.5, 0.75, 1]
  return html`<figure class="chart" id="${id}" tabindex="-1">
<figcaption><h3>${title}</h3><p id="${id}-text">${text}</p></figcaption>
<svg viewBox="0 0 ${width} ${height}" width="100%" role="img" aria-label="${title}" aria-describedby="${id}-text" font-size="12" fill="currentColor">
${ticks.map(
  (
    share,
  ) => html`<line x1="${room.left}" x2="${width - room.right}" y1="${y(share)}" y2="${y(share)}" stroke="var(--line)"/>
<text x="${room.left - 8}" y="${y(share) + 4}" text-anchor="end">${Math.round(100 * share)} %</text>
`,
)}
${doses.map(
  (
    dose,
    index,
  ) => html`<text x="${x(index, (lines.length - 1) / 2)}" y="${height - 24}" text-anchor="middle">${dose}</text>
`,
)}
<text x="${room.left + plotWidth / 2}" y="${height - 6}" text-anchor="middle">${axis}</text>
${lines.map((line, number) => {
  const colour = `var(--${colours[number % colours.length]})`
  const points = line.shares.flatMap((share, dose) => (share ? [{ share, at: x(dose, number) }] : []))
  return html`<g stroke="${colour}" fill="none" stroke-width="2">
<polyline points="${points.map(({ share, at }) => `${at},${y(share.mean)}`).join(' ')}"/>
${points.map(
  ({ share, at }) => html`${
    share.interval &&
    html`<line x1="${at}" x2="${at}" y1="${y(share.interval.low)}" y2="${y(share.interval.high)}" stroke-width="1"/>`
  }<circle cx="${at}" cy="${y(share.mean)}" r="4" fill="${colour}"/>
`,
)}</g>
`
})}
</svg>
${
  lines.length > 1 &&
  html`<p>${lines.map((line, number) => html`<svg width="12" height="12" role="presentation"><circle cx="6" cy="6" r="5" fill="var(--${colours[number % colours.length]})"/></svg> ${line.label} &nbsp; `)}</p>`
}
</figure>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
