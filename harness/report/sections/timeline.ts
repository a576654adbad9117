import { formatAt } from '../../units.ts'
import { table } from '../page/chart.ts'
import { type Content, type Html, html } from '../page/html.ts'
import { momentLink } from '../page/shell.ts'
import { type TimelineRow, timelineRows } from '../timeline-rows.ts'
import type { RunReport } from './report.ts'

const charts: Readonly<Record<string, string>> = { death: 'memory', 'health fails': 'health' }

/** When each kind of failure was seen, beside the incident's report, as figures and as lanes on one axis. */
export function timeline({ verdict, course }: RunReport): Html {
  const rows = timelineRows(verdict.timeline)
  const reportedLast = Math.max(0, ...rows.map((row) => row.reportedMs ?? 0))
  const toMs = Math.max(course.toMs, reportedLast + 1_000)
  return html`<p class="legend">Lanes from ${formatAt(0)} to ${formatAt(toMs)}:
<span class="key"></span>seen, by second <span class="key death"></span>death <span class="key reported"></span>first seen in the incident's report</p>
${table(
  'Failure timeline',
  ['Seen', 'First', 'Last', 'Count', 'In the report', 'When'],
  rows.map((row) => [
    row.what,
    at(row.firstMs, charts[row.what] ?? 'requests'),
    at(row.lastMs, charts[row.what] ?? 'requests'),
    row.count ?? '',
    row.reportedMs === null ? '–' : formatAt(row.reportedMs),
    lane(row, verdict.diedMs, toMs),
  ]),
)}`
}

function at(ms: number | null, chart: string): Content {
  return ms === null ? '–' : momentLink(ms, chart, formatAt(ms))
}

const laneWidth = 1_000

/** A picture of what the row says: hidden from those who cannot see it, since the figures stand beside it. */
function lane({ perSecond, firstMs, reportedMs }: TimelineRow, diedMs: number | null, toMs: number): Html {
  const x = (ms: number) => ((ms / toMs) * laneWidth).toFixed(1)
  const most = Math.max(1, ...perSecond.map(([, count]) => count))
  const second = Math.max(2, (laneWidth * 1_000) / toMs - 0.5).toFixed(1)
  const upright = (ms: number, kind: string, dashes = '') =>
    html`<line class="${kind}" x1="${x(ms)}" x2="${x(ms)}" y1="0" y2="20" stroke-width="2" vector-effect="non-scaling-stroke" stroke-dasharray="${dashes || 'none'}"/>`
  return html`<svg class="lane" viewBox="0 0 ${laneWidth} 20" preserveAspectRatio="none" aria-hidden="true">
${perSecond.map(([at, count]) => {
  const height = 4 + 16 * (count / most)
  return html`<rect class="seen-bar" x="${x(at * 1_000)}" y="${(20 - height).toFixed(1)}" width="${second}" height="${height.toFixed(1)}"/>`
})}
${perSecond.length === 0 && firstMs !== null && html`<rect class="seen-bar" x="${x(firstMs)}" y="0" width="6" height="20"/>`}
${diedMs !== null && upright(diedMs, 'death')}
${reportedMs !== null && upright(reportedMs, 'reported', '3 2')}
</svg>`
}
