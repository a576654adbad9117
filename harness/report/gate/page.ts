import type { GateLine } from '../../gate-history.ts'
import type { GateAnswer, GateResult, MetricResult, Pair } from '../../gate-result.ts'
import { formatBytes } from '../../units.ts'
import { table } from '../page/chart.ts'
import { type Content, type Html, html } from '../page/html.ts'
import { renderPage } from '../page/shell.ts'
import { lane, laneKey } from './lane.ts'
import type { GateReport } from './report.ts'
import { answerOf, describeDrift, describeGate, formatChange, formatMeasured, gateTitles, whatIsOpen } from './words.ts'

/** gate.html: whether a candidate is worse than its baseline, by how much, and how sure that is. */
export function renderGatePage(report: GateReport): string {
  const answer = answerOf(report)
  return renderPage({
    title: `${gateTitles[answer]}: ${report.scenarios.join(', ')} · Culprit`,
    main: html`${head(report, answer)}
<nav aria-label="Sections"><ul>${report.results.map(({ scenario }) => html`<li><a href="#${scenario}">${scenario}</a></li>`)}
<li><a href="#history">Earlier gates</a></li><li><a href="#method">How it decides</a></li><li><a href="#repeat">Repeat it</a></li></ul></nav>
${laneKey}
${report.results.map(scenarioSection)}
<section id="history" aria-labelledby="history-title"><h2 id="history-title">Earlier gates</h2>
${history(report)}</section>
<section id="method" aria-labelledby="method-title"><h2 id="method-title">How it decides</h2>
${method}</section>
<section id="repeat" aria-labelledby="repeat-title"><h2 id="repeat-title">Repeat it</h2>
<pre class="command">${report.command}</pre></section>`,
  })
}

function head(report: GateReport, answer: GateAnswer): Html {
  const { results, scenarios, startedAt, machine, git } = report
  const [first] = results
  const pairs = results.map(({ scenario, decision }) => `${decision.pairs} pairs of runs of ${scenario}`)
  const leftOut = results.reduce((sum, { decision }) => sum + decision.leftOut, 0)
  const missing = whatIsOpen(report)
  const commit = git ? `commit ${git.commit.slice(0, 12)}${git.dirty ? ' with changes' : ''}` : 'no commit'
  return html`<header>
<p class="dim">Culprit · <strong>gate</strong> · ${startedAt.slice(0, 16).replace('T', ' ')} UTC</p>
<h1 class="${answer}">${gateTitles[answer]}</h1>
<p class="lead">${describeGate(report)}</p>
<ul class="cards">
<li><h2>What was compared</h2><p>Candidate: ${first?.candidate ?? 'not run'}.</p><p>Baseline: ${first?.baseline ?? 'not run'}.</p>
<p>Under the load of ${scenarios.join(' and ')}, both at the same time on the same machine.</p></li>
<li class="${answer === 'unknown' || leftOut > 0 ? 'unsure' : 'good'}"><h2>How sure</h2><p>By ${pairs.join(' and ') || 'no run'}${leftOut > 0 ? `; ${leftOut} more were left out` : ''}.</p>
<p class="dim">The same thing against itself is to fail in at most 1 of 100 gates of one scenario; what is just at its limit is to pass in at most 4 of 100.</p></li>
<li class="${missing.length === 0 ? 'good' : 'unsure'}"><h2>What is missing</h2>${
    missing.length === 0
      ? html`<p>Nothing: every limit was decided.</p>`
      : html`<ul>${missing.map((one) => html`<li>${one}</li>`)}</ul>`
  }</li>
<li><h2>Where</h2><p>${machine.cpus} x ${machine.cpuModel}, ${formatBytes(machine.memoryBytes)}, kernel ${machine.kernel}; ${commit}.</p></li>
</ul>
</header>`
}

function scenarioSection(result: GateResult): Html {
  const { scenario, decision, pairs } = result
  return html`<section id="${scenario}" aria-labelledby="${scenario}-title"><h2 id="${scenario}-title">${scenario}: ${answerWord(decision.answer)}</h2>
${table(
  `Limits of ${scenario}`,
  ['Limit', 'Answer', 'Change', 'Between', 'Against its limit', 'Because'],
  decision.metrics.map((metric) => [
    metric.limit.text,
    answerWord(metric.answer),
    ...figures(metric, pairs),
    metric.because,
  ]),
)}
${
  decision.thresholds.length > 0 &&
  table(
    `Thresholds of ${scenario}, of the candidate alone`,
    ['Threshold', 'Answer', 'Because'],
    decision.thresholds.map(({ text, answer, because }) => [text, answerWord(answer), because]),
  )
}
${decision.because.length > 0 && html`<ul>${decision.because.map((why) => html`<li>${why}</li>`)}</ul>`}
<details><summary>Each pair of ${scenario}</summary>${pairTable(result)}</details>
</section>
`
}

function answerWord(answer: GateAnswer): Html {
  return html`<span class="answer ${answer}">${answer === 'fail' ? 'FAIL' : answer}</span>`
}

function figures({ limit, effect, answer }: MetricResult, pairs: readonly Pair[]): Content[] {
  if (limit.kind === 'at most') return ['a count', '', '']
  if (!effect) return ['–', '–', '']
  const ratios = pairs.flatMap(({ baseline, candidate }) => {
    const [before, after] = [baseline.values[limit.metric], candidate.values[limit.metric]]
    return before && after ? [after / before] : []
  })
  const between = `${formatChange(effect.low)} to ${formatChange(effect.high)}`
  return [
    html`<span class="figure">${formatChange(effect.ratio)}</span>`,
    html`<span class="figure">${between}</span>`,
    lane({ answer, effect, share: limit.share, ratios }),
  ]
}

function pairTable({ scenario, pairs, decision }: GateResult): Html {
  const metrics = decision.metrics.map(({ limit }) => limit.metric)
  if (pairs.length === 0) return html`<p>None was run.</p>`
  return table(
    `Each pair of ${scenario}, baseline then candidate`,
    ['Pair', ...metrics, 'Left out'],
    pairs.map(({ baseline, candidate }, index) => [
      String(index + 1),
      ...metrics.map((metric) => {
        const [before, after] = [baseline.values[metric], candidate.values[metric]]
        return `${formatMeasured(metric, before)} → ${formatMeasured(metric, after)}`
      }),
      [baseline, candidate]
        .map(({ unusable, crashed }) => unusable ?? (crashed ? 'crashed' : ''))
        .join(' ')
        .trim(),
    ]),
    'figures',
  )
}

const mostGates = 20

function history({ history: { lines, unreadable }, results }: GateReport): Html {
  const found = results.map((result) => ({
    result,
    gates: lines.filter(({ scenario }) => scenario === result.scenario),
  }))
  return html`${found.map(({ result, gates }) => gateTable(result, gates))}
${unreadable > 0 && html`<p class="missing">${unreadable} ${unreadable === 1 ? 'line' : 'lines'} of the history could not be read.</p>`}`
}

function gateTable({ scenario, decision, drifts }: GateResult, gates: readonly GateLine[]): Html {
  const limits = decision.metrics.map(({ limit }) => limit)
  const newest = gates.slice(-mostGates).reverse()
  return html`<h3>${scenario}: ${gates.length === 1 ? 'this is the first' : `${newest.length} of ${gates.length}, the newest first`}</h3>
${drifts.map((drift) => html`<p class="missing">A slow change: ${describeDrift(drift)}.</p>`)}
${table(
  `Gates of ${scenario}`,
  ['When', 'Answer', 'Pairs', ...limits.map(({ text }) => text), 'Candidate', 'Baseline'],
  newest.map(({ at, decision: then, candidate, baseline }) => [
    html`<time datetime="${at}">${at.slice(0, 16).replace('T', ' ')}</time>`,
    answerWord(then.answer),
    String(then.pairs),
    ...limits.map(({ metric }) => past(then.metrics.find(({ limit }) => limit.metric === metric))),
    candidate,
    baseline,
  ]),
)}`
}

function past(metric: GateLine['decision']['metrics'][number] | undefined): Content {
  if (!metric) return '–'
  const { effect, answer, limit } = metric
  if (!effect || limit.share === undefined) return answerWord(answer)
  return html`${formatChange(effect.ratio)} ${answerWord(answer)}${lane({ answer, effect, share: limit.share })}`
}

const method = html`<ul>
<li>Both sides of a pair have the same load. The first pair warms the machine up and is not counted.</li>
<li>A change is the middle of the pairs’ log ratios (Hodges and Lehmann), candidate over baseline, from one percentile of each run: runs are counted, not requests. Its interval is what Wilcoxon’s signed-rank test does not exclude, so that a few runs that a neighbour disturbed do not decide.</li>
<li><strong>pass</strong>: all of what is likely lies within the limit. <strong>FAIL</strong>: all of it lies beyond. <strong>unknown</strong>: neither, which is never a pass.</li>
<li>The gate looks at fixed numbers of pairs, and stops once every limit is answered for or one is broken. The looks share the errors that are allowed, and failures are corrected for the number of limits (Holm).</li>
<li>A run broke down if its service failed requests of the warm-up, or had not drained when its time was over. One such run of the candidate keeps the gate from passing; it fails where chance does not explain how often the candidate breaks down and the baseline never.</li>
<li>A threshold is the candidate’s own: the median of its runs has to keep it (before the last look it fails only where nearly all runs are beyond), and what must not happen at all must happen in none of them. What the baseline beside it does not keep either is unknown, save what must not happen. Without data it fails.</li>
<li>p50, p95 and p99 are response times from the moment a request was due. Time to recover: from a burst until all that was due in it has been answered. Events/s sustained: acknowledged as stored while every connection of a closed loop was sending. CPU per event: CPU time of the service from the burst to the last answer, by each acknowledged event. “lost” is what a client gave up, or what the service acknowledged and lost.</li>
</ul>`
