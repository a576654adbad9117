import type { Manifest } from '../../record.ts'
import { formatBytes, formatCpus } from '../../units.ts'
import type { Answer, Verdict } from '../../verdict.ts'
import { type Html, html } from '../page/html.ts'
import { momentLink } from '../page/shell.ts'
import { describeOutcome, nameLimiter } from '../words.ts'
import type { RunReport } from './report.ts'

/** What was run, what happened, how sure that is, and what is missing. */
export function head({ manifest, verdict }: RunReport): Html {
  const { expectation, missing, diedMs } = verdict
  const kept = expectation.held === null ? 'unsure' : expectation.held ? 'good' : 'bad'
  return html`<header>
<p class="dim">Culprit · <strong>${manifest.scenario}</strong> · ${manifest.startedAt.slice(0, 16).replace('T', ' ')} UTC</p>
<h1>${describeOutcome(verdict)}${diedMs !== null && html` <small>${momentLink(diedMs, 'memory', 'show')}</small>`}</h1>
<p class="lead">${verdict.headline}</p>
<ul class="cards">
<li><h2>What was tested</h2><p>${whatWasTested(manifest, verdict)}</p></li>
<li class="${verdict.outcome === 'unknown' ? 'unsure' : 'good'}"><h2>How sure</h2><p>${howSure(verdict)}</p></li>
<li class="${missing.length === 0 ? 'good' : 'unsure'}"><h2>What is missing</h2>${
    missing.length === 0
      ? html`<p>Nothing that was asked for: every hypothesis was settled, and every event was looked up after the run.</p>`
      : html`<ul>${missing.map((one) => html`<li>${one}</li>`)}</ul>`
  }</li>
<li class="${kept}"><h2>Expectation</h2><p>${expectation.sentence}</p></li>
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
  const pace = load.pace ? `, ${load.pace.rrs} each ${load.pace.everyMs / 1_000} s` : ' at once'
  const scope = limits.memoryScope === 'stack' ? ' for the whole stack' : ''
  const limit = `${formatBytes(limits.memoryLimitBytes)} of memory${scope} (${nameLimiter(memory.limiter)})`
  return (
    `${load.rrs} RemediationRequests${pace} sent ${load.rrs * load.eventsPerRr} audit events to ${what} ` +
    `with ${limit} and ${formatCpus(limits.cpus)}. Real PostgreSQL and Redis; seed ${seed}.`
  )
}

function howSure({ findings, outcome, chain }: Verdict): string {
  if (outcome === 'unknown') return 'Not sure: this run allows no verdict. What is missing says why.'
  const count = (answer: Answer) => findings.filter((finding) => finding.answer === answer).length
  const settled = [
    [count('supported'), 'supported: all that it must show was measured'],
    [count('refuted'), 'refuted: something that it must show was measured and absent'],
    [count('inconclusive'), 'inconclusive'],
    [count('not exercised'), 'not exercised'],
  ] as const
  const told = settled.flatMap(([n, text]) => (n > 0 ? [`${n} ${text}`] : [])).join('; ')
  const warning =
    chain.length > 0
      ? ' Supported is not confirmed: that takes runs with one thing changed, all else equal.'
      : ' No cause stands.'
  return `Of ${findings.length} rival hypotheses, ${told}.${warning}`
}
