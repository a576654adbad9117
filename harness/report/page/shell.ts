import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Axis, Chart } from './chart.ts'
import { type Content, embedJson, type Html, html, trusted } from './html.ts'

/** A page of Culprit's: one file, which asks nobody for anything. */
export interface Page {
  readonly title: string
  readonly main: Html
  /** Charts whose figures stand in `main`, on one axis with one cursor. None: a page without a script. */
  readonly charts?: readonly Chart[] | undefined
  readonly axis?: Axis | undefined
}

const own = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8')
const ofUplot = (file: string) => readFileSync(createRequire(import.meta.url).resolve(`uplot/dist/${file}`), 'utf8')

/** The whole file. Its policy lets nothing run or be loaded but its own style and script, whatever stands in its texts. */
export function renderPage({ title, main, charts = [], axis }: Page): string {
  const isDrawn = axis !== undefined && charts.some((chart) => !chart.missing)
  const style = [isDrawn ? ofUplot('uPlot.min.css') : '', own('style.css')].join('\n')
  const script = isDrawn ? `${ofUplot('uPlot.iife.min.js')}\n${own('browser.js')}` : ''
  const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${script ? hashOf(script) : "'none'"}; base-uri 'none'; form-action 'none'`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#main">To the content</a>
<main id="main">
${main}
</main>
${
  isDrawn &&
  html`<script type="application/json" id="data">${embedJson(rounded({ axis, charts: charts.filter((chart) => !chart.missing) }))}</script>
<script>${trusted(script)}</script>`
}
</body>
</html>
`.markup
}

/** Three digits after the point are more than a picture shows. */
function rounded<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_, one) => (typeof one === 'number' ? Math.round(one * 1_000) / 1_000 : one)),
  )
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

/** Where the cursor of all charts is set by keyboard: goes above the first of them. */
export function cursorControl({ fromMs, toMs }: Axis): Html {
  return html`<p class="cursor"><label for="cursor">Moment</label>
<input type="range" id="cursor" min="${fromMs}" max="${toMs}" step="100" value="${fromMs}">
<output id="moment" for="cursor">–</output></p>`
}

/** A moment as a link that sets the cursor there, on a chart. */
export function momentLink(atMs: number, chart: string, text: Content): Html {
  return html`<a class="moment" href="#${chart}" data-at="${atMs}">${text}</a>`
}
