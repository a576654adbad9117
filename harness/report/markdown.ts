import { markdownTable } from 'markdown-table'
import type { Manifest } from '../record.ts'
import { formatAt, formatBytes, formatMs } from '../units.ts'
import type { Finding, Verdict } from '../verdict.ts'
import { inert } from './inert.ts'
import { inline } from './inline-markdown.ts'
import { timelineRows } from './timeline-rows.ts'
import {
  describeAccounting,
  describeChecks,
  describeCpu,
  describeEngine,
  describeLate,
  describeLoad,
  describeOutcome,
  describePercentiles,
  describePlausibility,
  describeRecovery,
  nameLimiter,
} from './words.ts'

/** report.md: the whole verdict with its evidence, for a review or a ticket. Made from the record alone. */
export function renderMarkdown(told: Verdict, made: Manifest): string {
  const [verdict, manifest] = [inert(told), inert(made)]
  return join([
    ...summary(verdict, manifest),
    '## Evidence',
    ...verdict.findings.map(evidenceText),
    ...end(manifest, verdict),
  ])
}

/** The same without the evidence, for a place where many runs stand below one another. */
export function renderMarkdownSummary(told: Verdict, made: Manifest): string {
  const [verdict, manifest] = [inert(told), inert(made)]
  return join([...summary(verdict, manifest), ...end(manifest, verdict)])
}

function join(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function summary(verdict: Verdict, manifest: Manifest): string[] {
  const { memory, latency } = verdict
  return [
    `# ${inline(describeOutcome(verdict))}`,
    inline(verdict.headline),
    `Scenario \`${manifest.scenario}\`: ${inline(describeLoad(manifest, verdict))}, seed ${manifest.seed}. Run \`${verdict.run}\`.`,
    verdict.missing.length > 0 ? `**Not known:** ${verdict.missing.map(inline).join('; ')}` : '',
    '## Causes',
    chainText(verdict),
    table(
      ['Hypothesis', 'Finding', 'Because'],
      verdict.findings.map((f) => [`${f.label} (${f.role})`, f.answer, f.because]),
    ),
    '## Failure timeline',
    table(
      ['Seen', 'First', 'Last', 'Count', 'In the report'],
      timelineRows(verdict.timeline).map((r) => [
        r.what,
        at(r.firstMs),
        at(r.lastMs),
        r.count === null ? '' : String(r.count),
        at(r.reportedMs),
      ]),
    ),
    ...verdict.timeline.errors.map(
      ({ errorClass, perSecond }) =>
        `Per second, ${errorClass}: ${perSecond.map(([second, n]) => `+${second} s: ${n}`).join(', ')}.`,
    ),
    '## Measurements',
    table(
      ['What', 'Measured'],
      [
        [
          `Memory peak${memory.scope === 'stack' ? ' of the whole stack' : ''}`,
          memory.peakBytes === null ? 'not measured' : formatBytes(memory.peakBytes),
        ],
        [
          `Memory limit${memory.scope === 'stack' ? ' over the whole stack' : ''}`,
          `${memory.limitBytes === null ? 'unknown' : formatBytes(memory.limitBytes)} (${nameLimiter(memory.limiter)})`,
        ],
        ['CPU limit', describeCpu(manifest, verdict)],
        ...describeEngine(verdict).map((sentence) => ['The engine says', sentence]),
        ['Response time, from the intended start', describePercentiles(latency.response, formatMs)],
        ['Service time, from the actual start', describePercentiles(latency.service, formatMs)],
        ['Delay that the generator added', describePercentiles(latency.sendDelay, formatMs)],
        ['Sent late', describeLate(latency) || 'nothing'],
        ['Events', `${verdict.accounting.emitted}: ${describeAccounting(verdict).join(', ')}`],
        ...(verdict.recovery ? [['Recovered', describeRecovery(verdict)]] : []),
        ...describePlausibility(verdict).map((sentence) => ['Plausible?', sentence]),
      ],
    ),
    verdict.checks ? '## Audit checks' : '',
    verdict.checks ? inline(`${describeChecks(verdict, manifest.checks)}.`) : '',
    verdict.checks
      ? table(
          ['Check', 'Result', 'Because'],
          verdict.checks.map((check) => [check.name, check.result, check.because]),
        )
      : '',
  ]
}

function end(manifest: Manifest, verdict: Verdict): string[] {
  const commit = manifest.git
    ? `${manifest.git.commit.slice(0, 12)}${manifest.git.dirty ? ' with changes' : ''}`
    : 'none'
  return [
    '## Environment',
    table(
      ['What', 'Value'],
      [
        ['Culprit', `${manifest.versions.culprit}, commit ${commit}, Node ${manifest.versions.node}`],
        [
          'Machine',
          `${manifest.machine.cpus} x ${manifest.machine.cpuModel}, ${formatBytes(manifest.machine.memoryBytes)}, kernel ${manifest.machine.kernel}`,
        ],
        ['Started', manifest.startedAt],
        ['Expected', verdict.expectation.sentence],
      ],
    ),
  ]
}

function chainText({ chain, findings }: Verdict): string {
  if (chain.length === 0) return 'No cause stands.'
  return chain
    .map((link) => {
      const label = findings.find((finding) => finding.hypothesis === link.hypothesis)?.label ?? link.hypothesis
      const tie = link.leadsTo ? `, which led to the next: ${link.because}` : ''
      return `- **${link.role}**: ${inline(`${label}${tie}`)}`
    })
    .join('\n')
}

function evidenceText({ label, claim, observations }: Finding): string {
  const rows = observations.map((o) => [
    `${o.prediction}${o.necessary ? '' : ' (adds weight)'}`,
    o.result,
    o.because,
    o.refs.map((ref) => `\`${ref}\``).join(' '),
  ])
  return `### ${label}\n\n${inline(claim)}\n\n${table(['Prediction', 'Result', 'Because', 'Record'], rows)}`
}

function table(head: string[], rows: string[][]): string {
  return markdownTable([head, ...rows.map((row) => row.map(inline))], { alignDelimiters: false, padding: true })
}

function at(ms: number | null): string {
  return ms === null ? '-' : formatAt(ms)
}
