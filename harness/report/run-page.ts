import { chartsOf } from './course/charts.ts'
import { type Axis, chartFigure } from './page/chart.ts'
import { type Html, html } from './page/html.ts'
import { cursorControl, renderPage } from './page/shell.ts'
import { chain, hypotheses } from './sections/causes.ts'
import { accounting, environment, happened, plausibility, prediction, repeat } from './sections/figures.ts'
import { head } from './sections/head.ts'
import type { RunReport } from './sections/report.ts'
import { timeline } from './sections/timeline.ts'
import { describeOutcome } from './words.ts'

/** report.html: what was tested, what happened, why, and how sure that is, for whoever was not there. */
export function renderRunPage(report: RunReport): string {
  const { manifest, verdict, course } = report
  const charts = chartsOf(course, { manifest, verdict, outlook: report.lookBack.outlook })
  const { diedMs } = verdict
  const death = diedMs === null ? [] : [{ atMs: diedMs, label: 'death', colour: 'red' as const }]
  const axis: Axis = { fromMs: course.fromMs, toMs: course.toMs, marks: death }
  const sections: readonly (readonly [id: string, title: string, content: Html])[] = [
    ['why', 'Why', chain(report)],
    ['timeline', "Failure timeline, beside the incident's report", timeline(report)],
    ['course', 'Course of the run', html`${cursorControl(axis)}${charts.map(chartFigure)}`],
    ['hypotheses', 'Every hypothesis', hypotheses(report)],
    ['plausible', 'Is that plausible?', plausibility(report)],
    ['events', 'What became of the events', accounting(report)],
    ['prediction', 'What a model predicts', prediction(report)],
    ['environment', 'Environment', environment(report)],
    ['happened', 'Log of the run', happened(report)],
    ['repeat', 'Repeat it', repeat(report)],
  ]
  return renderPage({
    title: `${manifest.scenario}: ${describeOutcome(verdict)} · Culprit`,
    main: html`${head(report)}
<nav aria-label="Sections"><ul>${sections.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
${sections.map(
  ([id, title, content]) => html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}</section>
`,
)}`,
    charts,
    axis,
  })
}
