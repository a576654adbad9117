import { median } from 'simple-statistics'
import type { Evidence } from '../evidence.ts'
import { type Threshold, type ThresholdResult, thresholdFigures } from '../gate-result.ts'
import { writeAttempts } from '../measure.ts'
import { percentiles } from '../percentiles.ts'
import { type Attempt, errorClassSchema } from '../sample.ts'
import { formatBytes, formatMs, parseDuration, parseSize } from '../units.ts'
import { signTest } from './sign-test.ts'

const forms = '"p99 < 250 ms", "errors < 1 %", "peak memory < 200 MiB" or "no error"'
const windows = '"before the burst", "after the burst" or "between 5 s and 20 s"'

/**
 * Reads absolute thresholds such as `p99 < 250 ms between 5 s and 20 s` and `no error before the burst`. What is wrong
 * with a text goes to `problems`, which names it.
 */
export function parseThresholds(texts: readonly string[], problems: string[]): Threshold[] {
  return texts.flatMap((text) => {
    const parsed = parseThreshold(text.trim().replaceAll(/\s+/g, ' '))
    if (typeof parsed !== 'string') return [parsed]
    problems.push(`threshold ${JSON.stringify(text)}: ${parsed}`)
    return []
  })
}

function parseThreshold(text: string): Threshold | string {
  const match = /^(?<what>no \S+|[a-z0-9 ]+? < \S+(?: \S+?)??)(?: (?<window>(?:before|after|between) .*))?$/.exec(text)
  if (!match?.groups?.what) return `takes ${forms}, and a window if it likes: ${windows}`
  const { what, window } = match.groups
  const span = parseWindow(window)
  if (span === null) return `unknown window ${JSON.stringify(window)}: takes ${windows}`
  const none = /^no (.+)$/.exec(what)?.[1]
  if (none !== undefined) {
    const errors = none === 'error' ? null : errorClassSchema.safeParse(none).data
    if (errors === undefined) {
      return `no error is called ${JSON.stringify(none)}; there is: error, ${errorClassSchema.options.join(', ')}`
    }
    return { text, figure: 'count', errors, limit: 0, ...span }
  }
  const [name = '', amount = ''] = what.split(' < ')
  const figure = thresholdFigures.find((known) => known === name)
  if (!figure) return `unknown figure ${JSON.stringify(name)}; there is: ${thresholdFigures.join(', ')}`
  const limit = readAmount(figure, amount)
  if (typeof limit === 'string') return limit
  if (limit <= 0)
    return `nothing is below 0: no run can keep it${figure === 'errors' ? '; for none at all, write "no error"' : ''}`
  if (figure === 'peak memory' && window !== undefined) return 'a peak is of the whole run: it takes no window'
  return { text, figure, errors: null, limit, ...span }
}

function readAmount(figure: (typeof thresholdFigures)[number], amount: string): number | string {
  if (/^\d+(\.\d+)?$/.test(amount)) return 'the unit is missing'
  const compact = amount.replaceAll(' ', '').toLowerCase()
  if (figure === 'errors') {
    const percent = /^(\d+(?:\.\d+)?)%$/.exec(compact)?.[1]
    return percent === undefined ? `takes a share of the requests, such as 1 %, not ${amount}` : Number(percent) / 100
  }
  if (figure === 'peak memory') {
    return parseSize(compact.replace(/ib$/, '')) ?? `takes a size such as 200 MiB, not ${amount}`
  }
  return parseDuration(compact) ?? `takes a time such as 250 ms, not ${amount}`
}

function parseWindow(text: string | undefined): { fromMs: number; toMs: number } | null {
  const ever = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }
  if (text === 'before the burst') return { ...ever, toMs: 0 }
  if (text === undefined || text === 'after the burst') return { ...ever, fromMs: 0 }
  const between = /^between (.+) and (.+)$/.exec(text)
  const [fromMs, toMs] = [between?.[1], between?.[2]].map((at) => parseDuration((at ?? '').replaceAll(' ', '')))
  return fromMs == null || toMs == null || fromMs >= toMs ? null : { fromMs, toMs }
}

/**
 * What one run has for a threshold: a response time in ms (of requests that were due in the window), a share or a count of
 * errors (that came in it), or bytes. `null`: no data.
 *
 * @param peakBytes the run's peak by its verdict, which knows what to take where there is no kernel's own
 */
export function readThreshold(
  { figure, errors, fromMs, toMs }: Threshold,
  evidence: Evidence,
  peakBytes: number | null = null,
): number | null {
  const isIn = (t: number) => t >= fromMs && t < toMs
  if (figure === 'peak memory') return peakBytes
  if (figure === 'count' || figure === 'errors') {
    const ended = evidence.attempts.filter((attempt) => isIn(attempt.endedMs))
    if (ended.length === 0) return null
    const failed = ended.filter((attempt) => {
      const { failure } = attempt
      return failure && (errors === null || failure.errorClass === errors) && !isCutShort(attempt, evidence)
    })
    return figure === 'count' ? failed.length : failed.length / ended.length
  }
  const due = (toMs <= 0 ? evidence.attempts : writeAttempts(evidence)).filter(({ intendedMs }) => isIn(intendedMs))
  const found = percentiles(due.map((attempt) => attempt.endedMs - attempt.intendedMs))
  return found && { p50: found.p50Ms, p95: found.p95Ms, p99: found.p99Ms }[figure]
}

/**
 * A request of the warm-up has what time is left until the burst, half a second at last: where it timed out before a client would
 * have given up, a stall of the machine may be all there was. That the warm-up was not clean is judged over all runs.
 */
function isCutShort({ phase, failure, startedMs, endedMs }: Attempt, { client }: Evidence): boolean {
  return phase === 'warm-up' && failure?.errorClass === 'timeout' && endedMs - startedMs < client.timeoutMs
}

/**
 * Judges the candidate's runs: times, shares and bytes by the median run, as one run's percentile is noise; what must not
 * happen at all, by the worst. A run without data fails: nobody has seen that the threshold was kept.
 *
 * @param falseAlarm where more runs may come: how often what lies at its limit may fail already. A median that is looked at
 *   again and again has as many chances to lie beyond, so until the last look it has to be so clearly. `null`: this is the last one
 */
export function judgeThreshold(
  threshold: Threshold,
  readings: readonly (number | null)[],
  falseAlarm: number | null = null,
): ThresholdResult {
  const { text, figure, limit } = threshold
  const known = readings.filter((value) => value !== null)
  if (known.length === 0 || known.length < readings.length) {
    return { text, answer: 'fail', because: `no data in ${readings.length - known.length} of ${readings.length} runs` }
  }
  if (figure === 'count') {
    const most = Math.max(...known)
    return { text, answer: most > limit ? 'fail' : 'pass', because: `at most ${most} in each of ${known.length} runs` }
  }
  const middle = median([...known])
  const because = `${formatFigure(figure, middle)} in the median of ${known.length} runs`
  if (middle < limit) return { text, answer: 'pass', because }
  const beyond = known.filter((value) => value >= limit).length
  const isClear = falseAlarm === null || signTest(beyond, known.length) <= falseAlarm
  return isClear
    ? { text, answer: 'fail', because }
    : { text, answer: 'unknown', because: `${because}, ${beyond} of them beyond: more runs` }
}

/**
 * A time, share or size that the baseline beside the candidate does not keep either may be the machine's doing: two stacks share
 * it. What must not happen at all is not excused. `baseline`: its readings; a stored one has none.
 */
export function excuseByBaseline(
  { figure, limit }: Threshold,
  judged: ThresholdResult,
  baseline: readonly (number | null)[],
): ThresholdResult {
  const known = baseline.filter((value) => value !== null)
  if (judged.answer !== 'fail' || figure === 'count' || known.length === 0) return judged
  const middle = median([...known])
  if (middle < limit) return judged
  const because = `${judged.because}; the baseline's too (${formatFigure(figure, middle)}): this machine may be too small for both`
  return { ...judged, answer: 'unknown', because }
}

function formatFigure(figure: Threshold['figure'], value: number): string {
  if (figure === 'errors') return `${(value * 100).toFixed(2)} %`
  return figure === 'peak memory' ? formatBytes(value) : formatMs(value)
}
