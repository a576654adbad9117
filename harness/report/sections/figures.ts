import { formatAt, formatBytes } from '../../units.ts'
import type { Accounting } from '../../verdict.ts'
import { describeAmong, describeMiss, formatRow } from '../forecast.ts'
import { table } from '../page/chart.ts'
import { type Content, type Html, html } from '../page/html.ts'
import {
  capital,
  describeCpu,
  describeEngine,
  describeLate,
  describePlausibility,
  describeRecovery,
  nameLimiter,
  nextCommand,
} from '../words.ts'
import type { RunReport } from './report.ts'

export function plausibility({ verdict }: RunReport): Html {
  const sentences = describePlausibility(verdict)
  if (sentences.length === 0) return html`<p>Too little was measured to tell.</p>`
  return html`<ul>${sentences.map((one) => html`<li>${capital(one)}.</li>`)}</ul>`
}

const accounts: readonly (readonly [keyof Accounting, string, string])[] = [
  ['emitted', 'Emitted', 'by the RRs'],
  ['attempted', 'Sent', 'at least once'],
  ['acknowledged', 'Acknowledged', 'by an answer of the service'],
  ['stored', 'Stored', 'found in the database after the run'],
  ['storedMoreThanOnce', 'Stored more than once', 'a retry did the work again'],
  ['storedUnacknowledged', 'Stored, not acknowledged', 'the client never learned of it'],
  ['inDeadLetterQueue', 'In the dead-letter queue', 'acknowledged, not in the database yet'],
  ['acknowledgedAndLost', 'Acknowledged and lost', 'neither in the database nor in the queue'],
  ['lost', 'Lost', 'neither in the database nor in the queue after the run, whatever clients were told'],
  ['droppedByClient', 'Dropped', 'by the client, after its last attempt'],
  ['neverAttempted', 'Never sent', 'the run ended before'],
  ['unknown', 'Unknown', 'without an answer when the run ended, and not found stored'],
]

export function accounting({ verdict }: RunReport): Html {
  const events = table(
    'What became of the events',
    ['Events', 'Number', 'That is'],
    accounts.map(([key, name, meaning]) => [name, number(verdict.accounting[key]), meaning]),
  )
  const late = describeLate(verdict.latency)
  return html`${events}${late !== '' && html`<p>The generator was late: ${late}.</p>`}${
    verdict.recovery && html`<p>After the run: ${describeRecovery(verdict)}.</p>`
  }`
}

function number(value: number | null | undefined): Content {
  return value == null ? 'not read back' : value.toLocaleString('en')
}

/** What a model makes of the same run, from the figures of its record. */
export function prediction({ lookBack: { outlook, why } }: RunReport): Html {
  if (!outlook) return html`<p>There is none: ${why}.</p>`
  const outside = outlook.rows.filter((row) => row.isAmong === false)
  const compared = outlook.rows.filter((row) => row.measured !== undefined).length
  return html`<p>A queueing model, given what this record says of the service (CPU per event, memory per pending event, its cap on requests), computes the same run with ${outlook.seeds} seeds; ${outlook.crashed} of them crash. It is no measurement. Its course is drawn dashed above.</p>
<p><strong>${
    outside.length === 0
      ? `All ${compared} figures that were measured lie within what it predicts.`
      : `Measured outside of what it predicts: ${outside.map(({ what }) => what).join(', ')}. There, the model is not what happened.`
  }</strong></p>
${table(
  'Predicted and measured',
  ['Figure', 'Measured', `Predicted by ${outlook.seeds} seeds`, `Seed ${outlook.prediction.seed}`, 'Agree'],
  outlook.rows.map((row) => [
    row.what,
    row.measured === undefined ? 'unknown' : formatRow(row.measured, row),
    describeAmong(row, outlook.seeds),
    formatRow(row.predicted, row),
    row.isAmong === false
      ? html`<span class="answer inconclusive">${describeMiss(row)}</span>`
      : row.isAmong
        ? 'within'
        : '',
  ]),
)}`
}

export function environment({ manifest, verdict }: RunReport): Html {
  const { machine, versions, git, client, limits } = manifest
  const scope = limits.memoryScope === 'stack' ? ', over the whole stack' : ''
  const memory = verdict.memory.limitBytes === null ? 'not read back' : formatBytes(verdict.memory.limitBytes)
  return table(
    'Environment',
    ['What', 'Value'],
    [
      ['Memory limit, read back', `${memory}${scope} (${nameLimiter(verdict.memory.limiter)})`],
      ['CPU limit', describeCpu(manifest, verdict)],
      ['Connection pool', verdict.plausibility.poolSize === null ? 'not known' : String(manifest.poolSize)],
      [
        'Client',
        `gives up after ${client.timeoutMs / 1_000} s, ${client.attempts} attempts, batches of up to ${client.batchEvents.toLocaleString('en')}, a flush each ${client.flushMs / 1_000} s; ${manifest.load.emitter}`,
      ],
      [
        'Machine',
        `${machine.cpus} x ${machine.cpuModel}, ${formatBytes(machine.memoryBytes)}, kernel ${machine.kernel}`,
      ],
      [
        'Culprit',
        `${versions.culprit}, Node ${versions.node}, ${git ? `commit ${git.commit.slice(0, 12)}${git.dirty ? ' with changes' : ''}` : 'no commit'}`,
      ],
      [
        'Runtime',
        verdict.ranIn ? [verdict.ranIn.runtime, verdict.ranIn.version].filter(Boolean).join(' ') : manifest.runtime,
      ],
      ...describeEngine(verdict).map((sentence): [string, string] => ['The engine says', sentence]),
      ['Run', html`<code>${manifest.id}</code>`],
    ],
  )
}

export function repeat({ manifest, verdict }: RunReport): Html {
  if (manifest.command === '') return html`<p>This record is from before commands were kept.</p>`
  const next = nextCommand(verdict, manifest, manifest.command)
  return html`<p>The same run again:</p><pre class="command">${manifest.command}</pre>
${next !== null && html`<p>The same with more of what ran short, to see whether that was it:</p><pre class="command">${next}</pre>`}`
}

/** What the record says of events of the run itself, such as the process's end. */
export function happened({ course: { events, eventsLeftOut } }: RunReport): Html {
  return html`${table(
    'Events of the run',
    ['When', 'What', 'Says', 'In the record'],
    events.map(({ tMs, kind, text, ref }) => [formatAt(tMs), kind, html`<code>${details(text)}</code>`, ref]),
  )}${eventsLeftOut > 0 && html`<p class="dim">${eventsLeftOut} more are in the record.</p>`}`
}

/** A line without what its row says already. */
function details(text: string): string {
  return text.replace(/"(kind|t)":("[^"]*"|-?[\d.e+-]+),?/g, '').replace(/^\{(.*?),?\}$/, '$1')
}
