import { basename, dirname, relative, resolve } from 'node:path'
import { styleText } from 'node:util'
import sparkly from 'sparkly'
import wrapAnsi from 'wrap-ansi'
import type { Manifest } from '../record.ts'
import { runsDir } from '../run-folder.ts'
import { formatAt, formatBytes, formatMs } from '../units.ts'
import type { Answer, Finding, Verdict } from '../verdict.ts'
import { quote } from './command-words.ts'
import { inert } from './inert.ts'
import { timelineRows } from './timeline-rows.ts'
import {
  describeAccounting,
  describeChecks,
  describeEngine,
  describeLate,
  describeLoad,
  describeOutcome,
  describePercentiles,
  describePlausibility,
  describeRecovery,
  nextCommand,
  orderFindings,
} from './words.ts'

type Style = Parameters<typeof styleText>[0]
export type Styler = (format: Style, text: string) => string

const width = 80
const answerStyles: Readonly<Record<Answer, Style>> = {
  supported: ['bold', 'red'],
  refuted: 'green',
  inconclusive: 'yellow',
  'not exercised': 'dim',
}

/**
 * The summary of a run on one screen of 80 columns, in colour where `stream` takes it (Node's styleText follows
 * NO_COLOR and FORCE_COLOR).
 *
 * @param page the run's page, where there is one
 */
export function renderSummary(
  told: Verdict,
  made: Manifest,
  { dir, page, replay, stream }: { dir: string; page?: string; replay: string; stream: NodeJS.WriteStream },
): string {
  // What a service said must not steer whose terminal this is.
  const [verdict, manifest] = [inert(told), inert(made)]
  const style: Styler = (format, text) => styleText(format, text, { stream })
  const outcome = style(verdict.outcome === 'survived' ? 'bold' : ['bold', 'red'], `${describeOutcome(verdict)}.`)
  return [
    '',
    ...indent(
      1,
      `${style('bold', 'culprit')}  ${manifest.scenario} · ${describeLoad(manifest, verdict)} · seed ${manifest.seed}`,
    ),
    '',
    ...indent(1, `${outcome} ${verdict.headline}`),
    '',
    ...orderFindings(verdict).flatMap((finding) => findingLines(finding, verdict, style)),
    ...verdict.missing.flatMap((missing) => indent(3, style('yellow', `not known: ${missing}`))),
    '',
    ...measurementLines(verdict, style),
    ...field('recovered', describeRecovery(verdict), style),
    ...field('checks', describeChecks(verdict, manifest.checks), style),
    '',
    ...field('record', fromHere(dir), style),
    ...field('page', page === undefined ? '' : describePage(page), style),
    ...field('again', replay, style),
    ...nextCommands(verdict, manifest, { dir, replay }).flatMap((command, index) => {
      return field(index === 0 ? 'next' : '', command, style)
    }),
    ...field('exit', verdict.expectation.sentence, style),
    '',
  ].join('\n')
}

/** What ran short, in one more run; and what is sure of a crash, in some more. */
function nextCommands(
  verdict: Verdict,
  manifest: Manifest,
  { dir, replay }: { dir: string; replay: string },
): string[] {
  const change = nextCommand(verdict, manifest, replay)
  const canBeDiagnosed = verdict.outcome === 'crashed' && manifest.subject?.kind !== 'target'
  return [
    ...(change === null ? [] : [change]),
    ...(canBeDiagnosed ? [`npm run diagnose -- ${quote(nameOfRun(dir))}`] : []),
  ]
}

function findingLines(finding: Finding, { chain, findings }: Verdict, style: Styler): string[] {
  const place = chain.some((link) => link.hypothesis === finding.hypothesis) ? finding.role : ''
  const head = `   ${place.padEnd(10)}${finding.label.padEnd(20)}`
  const answer = style(answerStyles[finding.answer], finding.answer.padEnd(14))
  const because = finding.consequenceOf
    ? `${finding.because}; a consequence of ${nameOf(finding.consequenceOf, findings)}`
    : finding.because
  const [first = '', ...more] = wrapAnsi(because, width - 47).split('\n')
  return [`${head}${answer}${first}`, ...more.map((line) => ' '.repeat(47) + line)]
}

function nameOf(hypothesis: string, findings: readonly Finding[]): string {
  return findings.find((finding) => finding.hypothesis === hypothesis)?.label ?? hypothesis
}

function measurementLines(verdict: Verdict, style: Styler): string[] {
  const { latency, accounting } = verdict
  const delay = [latency.sendDelay ? formatMs(latency.sendDelay.p99Ms) : 'not measured', describeLate(latency)]
  return [
    ...timelineLines(verdict, style),
    '',
    ...field('engine', describeEngine(verdict).join('; '), style),
    ...field('memory', memoryText(verdict), style),
    ...field('response', `${describePercentiles(latency.response, formatMs)}   (from the intended start)`, style),
    ...field(
      'service',
      `${describePercentiles(latency.service, formatMs)}   (generator delay p99 ${delay.filter(Boolean).join('; ')})`,
      style,
    ),
    ...field('events', `${accounting.emitted}: ${describeAccounting(verdict).join(', ')}`, style),
    ...field('plausible?', describePlausibility(verdict).join('; '), style),
  ]
}

function memoryText({ memory, diedMs }: Verdict): string {
  if (memory.peakBytes === null) return 'not measured'
  const maximum = memory.limitBytes ?? memory.peakBytes
  const picture = sparkly([...everySecond(memory.seriesBytes)], { minimum: 0, maximum })
  const limit = memory.limitBytes === null ? '' : ` of ${formatBytes(memory.limitBytes)}`
  const how = memory.limiter === 'watchdog' ? ', as the watchdog saw it' : ''
  const whose = memory.scope === 'stack' ? ', the whole stack' : ''
  return `${picture}${diedMs === null ? '' : ' ✝'}   peak ${formatBytes(memory.peakBytes)}${limit}${whose}${how}`
}

/** Halves a series without losing its peaks, so that it leaves room on the line. */
function* everySecond(series: readonly number[]): Generator<number> {
  for (let i = 0; i < series.length; i += 2) yield Math.max(series[i] ?? 0, series[i + 1] ?? 0)
}

/** A row per error class: first and last seen, how often, how it was spread over the seconds, and what the report saw. */
function timelineLines({ timeline }: Verdict, style: Styler): string[] {
  const rows = timelineRows(timeline)
  const lastSecond = Math.max(0, ...rows.flatMap((row) => row.perSecond.map(([second]) => second)))
  const head = ['timeline', 'first', 'last', 'count', 'report', `each ${perColumn(lastSecond + 1)} s`]
  const cells = rows.map(({ what, firstMs, lastMs, count, reportedMs, perSecond }) => [
    what,
    firstMs === null ? '-' : formatAt(firstMs),
    lastMs !== null ? formatAt(lastMs) : count === 0 ? '-' : '',
    count === null ? '' : String(count),
    reportedMs === null ? '' : `+${reportedMs / 1000} s`,
    perSecond.length === 0 ? '' : sparkly(spread(perSecond, lastSecond + 1)),
  ])
  const render = (row: readonly string[]) =>
    `   ${row.map((cell, i) => cell.padEnd(timelineWidths[i] ?? 0)).join('')}`.trimEnd()
  return [style('dim', render(head)), ...cells.map(render)]
}

const timelineWidths = [14, 10, 10, 8, 9]
const spreadColumns = 26

function perColumn(seconds: number): number {
  return Math.ceil(seconds / spreadColumns)
}

/** Counts per second in as many columns as there is room for; an empty one is a gap, not a small number. */
function spread(perSecond: readonly (readonly [number, number])[], seconds: number): (number | '')[] {
  const width = perColumn(seconds)
  const columns = new Array<number>(Math.ceil(seconds / width)).fill(0)
  for (const [second, count] of perSecond) {
    const column = Math.floor(second / width)
    columns[column] = (columns[column] ?? 0) + count
  }
  return columns.map((count) => (count === 0 ? '' : count))
}

/** As `findRun` takes it: by its name alone where runs are kept. */
function nameOfRun(dir: string): string {
  return dirname(resolve(dir)) === runsDir ? basename(dir) : fromHere(dir)
}

/** The shortest way to name a folder: from here when it is below, else in full. */
export function fromHere(dir: string): string {
  const path = relative(process.cwd(), dir)
  return path === '' ? '.' : path.startsWith('..') ? resolve(dir) : path
}

/** The path as it can be opened from here, unless it takes more than a line: then where it lies beside the record. */
function describePage(page: string): string {
  const path = fromHere(page)
  return path.length > width - 14 ? `${basename(page)}, beside the record` : path
}

export function field(name: string, text: string, style: Styler): string[] {
  if (text === '') return []
  const [first = '', ...more] = wrapAnsi(text, width - 14, { trim: true }).split('\n')
  return [`   ${style('dim', name.padEnd(11))}${first}`, ...more.map((line) => ' '.repeat(14) + line)]
}

export function indent(columns: number, text: string): string[] {
  return wrapAnsi(text, width - columns)
    .split('\n')
    .map((line) => ' '.repeat(columns) + line)
}
