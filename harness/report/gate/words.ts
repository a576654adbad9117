import {
  type Drift,
  type GateAnswer,
  type GateResult,
  type MetricName,
  type MetricResult,
  worst,
} from '../../gate-result.ts'
import { formatBytes, formatMs } from '../../units.ts'
import { flagWords } from '../command-words.ts'
import type { GateReport } from './report.ts'

/** Of the whole gate; scenarios that were not run keep it from passing. */
export function answerOf({ results, scenarios }: Pick<GateReport, 'results' | 'scenarios'>): GateAnswer {
  const answers = results.map(({ decision }) => decision.answer)
  return worst(results.length < scenarios.length ? [...answers, 'unknown'] : answers)
}

export const gateTitles: Readonly<Record<GateAnswer, string>> = {
  pass: 'Gate passed',
  fail: 'Gate failed',
  unknown: 'Gate not decided',
}

/** The command that does the same again; `scenario: null`: each that has limits. */
export function gateCommandOf(scenario: string | null, flags: Readonly<Record<string, string>>): string {
  return ['npm run gate --', ...(scenario === null ? [] : [scenario]), ...flagWords(flags)].join(' ')
}

/** A ratio as a change, such as `+4.5 %`. */
export function formatChange(ratio: number): string {
  const figure = Math.abs((ratio - 1) * 100).toFixed(1)
  const sign = figure === '0.0' ? '' : ratio > 1 ? '+' : '-'
  return `${sign}${figure} %`
}

/** One sentence on what was broken, else on what is open, else on what was kept. */
export function describeGate(report: Pick<GateReport, 'results' | 'scenarios'>): string {
  const { results } = report
  const failed = results.flatMap(failuresOf)
  if (failed.length > 0) return `Beyond its limit: ${failed.join('; ')}.`
  if (answerOf(report) === 'unknown') return `Not decided: ${whatIsOpen(report).join('; ')}.`
  const limits = results.reduce((sum, { decision }) => sum + decision.metrics.length + decision.thresholds.length, 0)
  return `All ${limits} limits of ${results.map(({ scenario }) => scenario).join(' and ')} are kept.`
}

function failuresOf({ scenario, decision }: GateResult): string[] {
  const broken = decision.metrics.filter(({ answer }) => answer === 'fail')
  const absolute = decision.thresholds.filter(({ answer }) => answer === 'fail')
  const told = [
    ...broken.map((metric) => `${scenario}, ${describeMetric(metric)}`),
    ...absolute.map(({ text, because }) => `${scenario}, ${text}: ${because}`),
  ]
  return decision.runs === 'fail' ? [...told, `${scenario}: ${decision.because.join('; ')}`] : told
}

/** What keeps from knowing: limits that have one reason together, what holds for a scenario, and what was not run. */
export function whatIsOpen({ results, scenarios }: Pick<GateReport, 'results' | 'scenarios'>): string[] {
  const open = results.flatMap(({ scenario, decision }) => {
    const told = [...decision.metrics.map((metric) => ({ ...metric, text: metric.limit.text })), ...decision.thresholds]
    const unknown = told.filter(({ answer }) => answer === 'unknown')
    const reasons = [...new Set(unknown.map(({ because }) => because))]
    const ofLimits = reasons.map((reason) => {
      const limits = unknown.filter(({ because }) => because === reason).map(({ text }) => text)
      return `${scenario}, ${limits.join(', ')}: ${reason}`
    })
    return [...ofLimits, ...decision.because.map((why) => `${scenario}: ${why}`)]
  })
  return [...open, ...scenarios.slice(results.length).map((scenario) => `${scenario} was not run`)]
}

/** `p99 +12.0 % (allowed: +10 %)` */
function describeMetric({ limit, effect, because }: MetricResult): string {
  if (limit.kind === 'at most') return `${limit.text}: ${because}`
  const allowed = limit.text.replace(limit.metric, '').trim()
  return `${limit.metric} ${effect ? formatChange(effect.ratio) : because} (allowed: ${allowed})`
}

/** `p99 has been +4.0 % since 2026-01-13, 0.0 % before (20 gates; against the stand-in of v1)` */
export function describeDrift({ metric, at, before, after, gates, from }: Drift): string {
  const levels = `${formatChange(after)} since ${at.slice(0, 10)}, ${formatChange(before)} before`
  return `${metric} has been ${levels} (${gates} gates; against ${from})`
}

export function formatMeasured(metric: MetricName, value: number | null | undefined): string {
  if (value == null) return '–'
  if (metric === 'lost') return String(value)
  if (metric === 'events/s sustained') return `${value.toFixed(0)}/s`
  // A fraction of a millisecond, and a twentieth of it is what matters.
  if (metric === 'cpu per event') return `${value.toFixed(3)} ms`
  return metric === 'peak memory' ? formatBytes(value) : formatMs(value)
}
