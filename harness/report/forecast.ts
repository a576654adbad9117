import { styleText } from 'node:util'
import sparkly from 'sparkly'
import type { Conditions, Figures, Forecast, Outlook, Row, Span } from '../prediction.ts'
import { formatAt, formatBytes, formatCpus } from '../units.ts'
import { field, fromHere, indent, type Styler } from './terminal.ts'
import { describePace } from './words.ts'

/** A prediction on one screen of 80 columns, in colour where `stream` takes it. */
export function renderForecast(forecast: Forecast, stream: NodeJS.WriteStream): string {
  const style: Styler = (format, text) => styleText(format, text, { stream })
  const { outlook, record, figures } = forecast
  const { seed } = outlook.prediction
  const head = `predicted ${forecast.scenario} · ${describeConditions(outlook.conditions)} · seed ${seed}`
  const outcome = style(outlook.prediction.outcome === 'survived' ? 'bold' : ['bold', 'red'], describeOutcome(outlook))
  return [
    '',
    ...indent(1, `${style('bold', 'culprit')}  ${head}`),
    '',
    ...indent(1, `${outcome} ${describeSeeds(outlook)}`),
    '',
    ...table(outlook, style),
    '',
    ...field('backlog', backlogText(outlook), style),
    ...field('memory', memoryText(outlook), style),
    ...field('survives', describeSurvival(forecast), style),
    ...field('loses none', describeLossless(forecast), style),
    ...field('figures', describeFigures(figures), style),
    ...(record ? ['', ...checkLines(record, style)] : []),
    '',
    ...field('mind', caveat, style),
    '',
  ].join('\n')
}

const caveat =
  'a queueing model, no measurement; nothing was run. Other things that give way under such a load are not in it.'

function describeConditions({ limits, load }: Conditions): string {
  const emitter = load.emitter === 'per-rr' ? '' : `, --emitter ${load.emitter}`
  const events = `${load.rrs} RRs, ${load.rrs * load.eventsPerRr} events${describePace(load)}${emitter}`
  return `${formatBytes(limits.memoryLimitBytes)} · ${formatCpus(limits.cpus)} · ${events}`
}

function describeOutcome({ prediction: { outcome, diedMs, endMs }, conditions }: Outlook): string {
  switch (outcome) {
    case 'crashed':
      return `WOULD CRASH at ${formatAt(diedMs ?? 0)}, at its memory limit of ${formatBytes(conditions.limits.memoryLimitBytes)}.`
    case 'survived':
      return `WOULD SURVIVE, and have nothing left to do at ${formatAt(endMs)}.`
    case 'not over':
      return `WOULD NOT BE OVER at ${formatAt(endMs)}, the longest that a run may take.`
  }
}

function describeSeeds({ crashed, seeds, rows }: Outlook): string {
  if (crashed === 0) return `It crashes with none of ${seeds} seeds.`
  const among = rows.find(({ what }) => what === 'death')?.among
  const when = among ? `, from ${formatAt(among.low)} to ${formatAt(among.high)}` : ''
  return `It crashes with ${crashed} of ${seeds} seeds${when}.`
}

const widths = [15, 10, 30, 11]

function table({ rows, seeds, prediction }: Outlook, style: Styler): string[] {
  const isMeasured = rows.some((row) => row.measured !== undefined)
  const head = ['', `seed ${prediction.seed}`, `${seeds} seeds, work ±5 %`, ...(isMeasured ? ['measured'] : [])]
  const line = (cells: readonly string[]) =>
    `   ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('')}`.trimEnd()
  return [
    style('dim', line(head)),
    ...rows.map((row) => {
      const measured = row.measured === undefined ? (isMeasured ? 'unknown' : '') : formatRow(row.measured, row)
      const cells = line([row.what, formatRow(row.predicted, row), describeAmong(row, seeds), measured])
      return row.isAmong === false ? `${cells.padEnd(66)} ${style('yellow', describeMiss(row))}` : cells
    }),
  ]
}

/** A figure in the unit of its row; a dash for what never happens. */
export function formatRow(value: number | null, { unit }: Pick<Row, 'unit'>): string {
  if (value === null) return '-'
  return unit === 'moment' ? formatAt(value) : unit === 'bytes' ? formatBytes(value) : value.toLocaleString('en')
}

/** What many seeds predict of a row. */
export function describeAmong({ among, unit }: Row, seeds: number): string {
  if (!among) return '-'
  const [low, high] = [formatRow(among.low, { unit }), formatRow(among.high, { unit })]
  const range = low === high ? low : `${low} to ${high}`
  return among.seeds < seeds ? `${range}, ${among.seeds} of ${seeds}` : range
}

/** How far a measured value lies from the nearest one that was predicted. */
export function describeMiss({ measured = null, among }: Row): string {
  if (measured === null || !among) return 'outside'
  const nearest = measured < among.low ? among.low : among.high
  if (nearest === 0) return 'outside'
  const percent = Math.max(1, Math.round((100 * Math.abs(measured - nearest)) / nearest))
  return `${percent} % ${measured < nearest ? 'below' : 'above'}`
}

const columns = 30

function picture(values: readonly number[], maximum: number): string {
  const width = Math.max(1, Math.ceil(values.length / columns))
  const highest = Array.from({ length: Math.ceil(values.length / width) }, (_, index) =>
    Math.max(...values.slice(index * width, (index + 1) * width)),
  )
  return sparkly(highest, { minimum: 0, maximum: Math.max(maximum, 1) })
}

function backlogText({ prediction: { series, peakPendingEvents } }: Outlook): string {
  const values = series.map((point) => point.backlog)
  return `${picture(values, peakPendingEvents)}   peak ${peakPendingEvents.toLocaleString('en')} events`
}

function memoryText({ prediction: { series, peakMemoryBytes, diedMs }, conditions }: Outlook): string {
  const { memoryLimitBytes } = conditions.limits
  const values = series.map((point) => point.memoryBytes)
  const end = diedMs === null ? '' : ' ✝'
  return `${picture(values, memoryLimitBytes)}${end}   peak ${formatBytes(peakMemoryBytes)} of ${formatBytes(memoryLimitBytes)}`
}

function describeSpan({ low, high }: Span, format: (value: number) => string): string {
  const [from, to] = [format(low), format(high ?? low)]
  return from === to ? from : `${from} to ${to}`
}

function describeSurvival({ thresholds: { seeds, memoryBytes, rrs, cpus } }: Forecast): string {
  return [
    `with at least ${describeSpan(memoryBytes, formatBytes)}`,
    describeRrs(rrs.survive, rrs.searchedTo),
    describeCpus(cpus, (found) => found.survive),
    `one thing changed at a time, ${seeds} seed${seeds === 1 ? '' : 's'}`,
  ].join('; ')
}

function describeLossless({ thresholds: { rrs, cpus } }: Forecast): string {
  return [
    describeRrs(rrs.lossless, rrs.searchedTo),
    describeCpus(cpus, (found) => found.lossless),
    'all events acknowledged',
  ].join('; ')
}

function describeRrs(span: Span | null, searchedTo: number): string {
  if (!span) return `with ${searchedTo} RRs, and no more were tried`
  if (span.high === 0) return 'not even with 1 RR'
  const others = span.high === null ? `, with some seeds with ${searchedTo} and more` : ''
  return `with at most ${describeSpan(span, String)} RRs${others}`
}

function describeCpus(
  cpus: Forecast['thresholds']['cpus'],
  pick: (found: NonNullable<Forecast['thresholds']['cpus']>) => Span | null,
): string {
  if (!cpus) return 'what more CPU would do is not known, since it did not use what it had'
  const span = pick(cpus)
  if (!span) return 'with no number of CPUs'
  const others = span.high === null ? ', with some seeds with no number of them' : ''
  return `with at least ${describeSpan(span, (value) => value.toFixed(2))} CPUs${others}`
}

function describeFigures(figures: Figures): string {
  const { workMsPerEvent, takeMsPerEvent, heldBytesPerEvent, baselineBytes, maxAwaitingAnswer, writers } = figures
  const take = takeMsPerEvent > 0 ? `, ${takeMsPerEvent.toFixed(1)} of them to take its memory` : ''
  return [
    `${workMsPerEvent.toFixed(1)} ms of CPU per event${take}`,
    `${formatBytes(heldBytesPerEvent)} held per pending event, ${formatBytes(baselineBytes)} without load`,
    maxAwaitingAnswer === null
      ? 'no cap on requests is known'
      : `at most ${maxAwaitingAnswer} requests await an answer`,
    `${writers} written at a time`,
    `${Math.round(100 * figures.cpuShare)} % of the CPU limit to be had`,
  ].join('; ')
}

function checkLines({ dir, check, isSame, doubt }: NonNullable<Forecast['record']>, style: Styler): string[] {
  const outside = check.rows.filter((row) => row.isAmong === false).map(({ what }) => what)
  const compared = check.rows.filter((row) => row.measured !== undefined).length
  const told =
    doubt !== null
      ? `the record's own outcome is not known (${doubt}), so nothing can be compared`
      : outside.length === 0
        ? `all ${compared} figures that it measured are among those of ${check.seeds} seeds`
        : `measured outside of what ${check.seeds} seeds predict: ${outside.join(', ')}`
  return [
    ...field('record', fromHere(dir), style),
    ...field(
      'check',
      isSame ? told : `the model for what that run was (${describeConditions(check.conditions)}):`,
      style,
    ),
    ...(isSame ? [] : [...table(check, style), ...field('', told, style)]),
  ]
}
