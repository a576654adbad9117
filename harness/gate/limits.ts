import { type Limit, type MetricName, metricNames } from '../gate-result.ts'

/**
 * Reads limits such as `p99 +10 %`, `events/s sustained -5 %` and `lost = 0`. What is wrong with a text goes to `problems`, which names it.
 */
export function parseLimits(texts: readonly string[], problems: string[]): Limit[] {
  const limits: Limit[] = []
  for (const text of texts) {
    const parsed = parseLimit(text)
    if (typeof parsed === 'string') problems.push(`limit ${JSON.stringify(text)}: ${parsed}`)
    else if (limits.some((limit) => limit.metric === parsed.metric)) {
      problems.push(`limit ${JSON.stringify(text)}: there is one for ${parsed.metric} already`)
    } else limits.push(parsed)
  }
  if (texts.length === 0) problems.push('there are no limits: a gate without a limit cannot fail')
  return limits
}

/** Of these, less is worse. */
const moreIsBetter: readonly MetricName[] = ['events/s sustained']

function parseLimit(text: string): Limit | string {
  const match = /^\s*([a-z][a-z0-9/ ]*?)\s*(\+|-|=)\s*(\d+(?:\.\d+)?)\s*(\S*)\s*$/.exec(text)
  if (!match) return 'takes "<metric> +<n> %" or "lost = <n>", such as "p99 +10 %"'
  const [, name, sign, number, unit] = match
  const metric = metricNames.find((known) => known === name)
  if (!metric) return `unknown metric ${JSON.stringify(name)}; there is: ${metricNames.join(', ')}`
  if (metric === 'lost') {
    if (sign !== '=' || unit !== '' || !Number.isInteger(Number(number))) return 'takes a count, such as "lost = 0"'
    return { metric, text, kind: 'at most', count: Number(number) }
  }
  const worse = moreIsBetter.includes(metric) ? '-' : '+'
  if (sign !== worse) {
    const what = worse === '+' ? 'an increase over the baseline' : 'a decrease from the baseline'
    return `takes ${what}, such as "${metric} ${worse}10 %"`
  }
  if (unit === '') return 'the unit is missing: write %'
  if (unit !== '%') return `takes % as its unit, not ${unit}`
  const share = Number(number) / 100
  if (worse === '-' && (share === 0 || share >= 1)) return 'takes a decrease of more than 0 % and less than 100 %'
  return { metric, text, kind: 'change', share: worse === '-' ? -share : share }
}
