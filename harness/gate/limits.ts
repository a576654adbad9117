import { type Limit, metricNames } from '../gate-result.ts'

/**
 * Reads limits such as `p99 +10 %` and `lost = 0`. What is wrong with a text goes to `problems`, which names it.
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

function parseLimit(text: string): Limit | string {
  const match = /^\s*([a-z][a-z0-9 ]*?)\s*(\+|=)\s*(\d+(?:\.\d+)?)\s*(\S*)\s*$/.exec(text)
  if (!match) return 'takes "<metric> +<n> %" or "lost = <n>", such as "p99 +10 %"'
  const [, name, sign, number, unit] = match
  const metric = metricNames.find((known) => known === name)
  if (!metric) return `unknown metric ${JSON.stringify(name)}; there is: ${metricNames.join(', ')}`
  if (metric === 'lost') {
    if (sign !== '=' || unit !== '' || !Number.isInteger(Number(number))) return 'takes a count, such as "lost = 0"'
    return { metric, text, kind: 'at most', count: Number(number) }
  }
  if (sign !== '+') return `takes an increase over the baseline, such as "${metric} +10 %"`
  if (unit === '') return 'the unit is missing: write %'
  if (unit !== '%') return `takes % as its unit, not ${unit}`
  return { metric, text, kind: 'increase', share: Number(number) / 100 }
}
