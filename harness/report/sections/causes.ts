import { formatAt } from '../../units.ts'
import type { Finding, Observation } from '../../verdict.ts'
import type { Course, Quote } from '../course/course.ts'
import { type Html, html } from '../page/html.ts'
import { momentLink } from '../page/shell.ts'
import { orderFindings } from '../words.ts'
import type { RunReport } from './report.ts'

/** The causes that stand, in the order in which they acted. */
export function chain({ verdict: { chain, findings } }: RunReport): Html {
  if (chain.length === 0) return html`<p>No cause stands.</p>`
  return html`<ol class="cards">${chain.map((link) => {
    const finding = findings.find((one) => one.hypothesis === link.hypothesis)
    return html`<li class="bad"><p class="dim">${link.role}</p>
<h3><a href="#${idOf(link.hypothesis)}">${finding?.label ?? link.hypothesis}</a></h3>
<p>${finding?.because}</p>
${link.leadsTo !== null && html`<p class="dim">Led to the next: ${link.because}</p>`}</li>`
  })}</ol>`
}

/** Every hypothesis with its predictions, and the lines of the record that show what became of them. */
export function hypotheses({ verdict, course }: RunReport): Html {
  return html`${orderFindings(verdict).map(
    (
      finding,
    ) => html`<details class="hypothesis" id="${idOf(finding.hypothesis)}"${open(verdict.chain.some((link) => link.hypothesis === finding.hypothesis))}>
<summary><span class="name">${finding.label}</span><span class="answer ${className(finding.answer)}">${finding.answer}</span><span>${finding.because}</span></summary>
<p>Claim: ${finding.claim}</p>
${predictions(finding, course)}
</details>`,
  )}`
}

function predictions({ observations }: Finding, course: Course): Html {
  if (observations.length === 0) return html`<p class="dim">No prediction was looked at.</p>`
  return html`<ul class="predictions">${observations.map((observation) => prediction(observation, course))}</ul>`
}

function prediction({ prediction, necessary, result, because, refs, sinceMs }: Observation, { quotes }: Course): Html {
  const lines = refs.map((ref) => quotes.get(ref) ?? ref)
  const since = sinceMs === undefined ? null : html` ${momentLink(sinceMs, 'requests', `since ${formatAt(sinceMs)}`)}`
  return html`<li><strong>${prediction}</strong>${!necessary && html` <span class="dim">(adds weight)</span>`}:
<span class="answer ${className(result)}">${result}</span>. ${because}${since}
${refs.length > 0 && html`<details class="evidence"><summary>${refs.length === 1 ? 'The line' : `${refs.length} lines`} of the record</summary>${lines.map(quoted)}</details>`}</li>`
}

function quoted(line: Quote | string): Html {
  if (typeof line === 'string') return html`<p class="quote"><code>${line}</code> is not in the record.</p>`
  return html`<figure class="quote"><figcaption><code>${line.ref}</code> · ${momentLink(line.tMs, chartOf(line), html`${formatAt(line.tMs)}<span class="screen">, show on the axis</span>`)}</figcaption>
<pre>${line.text}</pre></figure>`
}

const chartsOfKinds: Readonly<Record<string, string>> = {
  cgroup: 'memory',
  part: 'memory',
  health: 'health',
  path: 'health',
  service: 'backlog',
  postgres: 'pool',
  redis: 'dead-letters',
  generator: 'generator',
  exit: 'memory',
  'watchdog-kill': 'memory',
}

/** Where a line of the record is to be seen. */
function chartOf({ kind }: Quote): string {
  return chartsOfKinds[kind] ?? 'requests'
}

function idOf(hypothesis: string): string {
  return `hypothesis-${hypothesis}`
}

function className(answer: string): string {
  return answer.replaceAll(' ', '-')
}

function open(isOpen: boolean): Html {
  return isOpen ? html` open` : html``
}
