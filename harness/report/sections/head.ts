import { describeArrivals, isPlainBurst } from '../../arrivals.ts'
import type { Manifest } from '../../record.ts'
import { formatBytes, formatCpus } from '../../units.ts'
import type { Answer, Verdict } from '../../verdict.ts'
import { type Html, html } from '../page/html.ts'
import { momentLink } from '../page/shell.ts'
import { capital, describeOutcome, nameLimiter } from '../words.ts'
import type { RunReport } from './report.ts'

/** What was run, what happened, how sure that is, and what is missing. */
export function head({ manifest, verdict }: RunReport): Html {
  const { expectation, missing, diedMs } = verdict
  const kept = expectation.held === null ? 'unsure' : expectation.held ? 'good' : 'bad'
  return html`<header>
<p class="dim">Culprit · <strong>${manifest.scenario}</strong> · ${manifest.startedAt.slice(0, 16).replace('T', ' ')} UTC</p>
<h1>${describeOutcome(verdict)}</h1>
<p class="lead">${verdict.headline}${diedMs !== null && html` <span class="screen">${momentLink(diedMs, 'memory', 'See it on the axis')}</span>`}</p>
<ul class="cards">
<li><h2>What was tested</h2><p>${whatWasTested(manifest, verdict)}</p></li>
<li class="${verdict.outcome === 'unknown' ? 'unsure' : 'good'}"><h2>How sure</h2>${howSure(verdict)}</li>
<li class="${missing.length === 0 ? 'good' : 'unsure'}"><h2>What is missing</h2>${
    missing.length === 0
      ? html`<p>Nothing that was asked for: every hypothesis was settled, and every event was looked up after the run.</p>`
      : html`<ul>${missing.map((one) => html`<li>${one}</li>`)}</ul>`
  }</li>
<li class="${kept}"><h2>Expectation</h2><p>${capital(expectation.sentence)}.</p></li>
</ul>
</header>`
}

function whatWasTested({ load, limits, subject, seed }: Manifest, { memory }: Verdict): string {
  const what =
    subject?.kind === 'image'
      ? `the image ${subject.image}`
      : subject?.kind === 'target'
        ? `the service at ${subject.url}`
        : "DataStorage, played by the project's stand-in,"
  if (subject?.kind === 'target') {
    return (
      `${load.rrs} RemediationRequests sent ${load.rrs * load.eventsPerRr} audit events to ${what}, which ran already: ` +
      `its limits, its process and its database are not known here. Seed ${seed}.`
    )
  }
  const pace = isPlainBurst(load) ? ' at once' : `, ${describeArrivals(load)},`
  const scope = limits.memoryScope === 'stack' ? ' for the whole stack' : ''
  const limit = `${formatBytes(limits.memoryLimitBytes)} of memory${scope} (${nameLimiter(memory.limiter)})`
  return (
    `${load.rrs} RemediationRequests${pace} sent ${load.rrs * load.eventsPerRr} audit events to ${what} ` +
    `with ${limit} and ${formatCpus(limits.cpus)}. Real PostgreSQL and Redis; seed ${seed}.`
  )
}

const meanings: readonly (readonly [Answer, string])[] = [
  ['supported', 'all that they must show was measured'],
  ['refuted', 'something that they must show was measured, and absent'],
  ['inconclusive', 'something was not measured'],
  ['not exercised', 'this run could not show them'],
]

function howSure({ findings, outcome, chain }: Verdict): Html {
  if (outcome === 'unknown') return html`<p>Not sure: this run allows no verdict. What is missing says why.</p>`
  const told = meanings.flatMap(([answer, meaning]) => {
    const count = findings.filter((finding) => finding.answer === answer).length
    return count > 0 ? [html`<li><strong>${count} ${answer}</strong>: ${meaning}</li>`] : []
  })
  return html`<p>Of ${findings.length} rival hypotheses</p><ul>${told}</ul>
<p class="dim">${
    chain.length > 0
      ? 'Supported is not confirmed: that takes runs with one thing changed, all else equal.'
      : 'No cause stands.'
  }</p>`
}
