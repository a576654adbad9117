import { markdownTable } from 'markdown-table'

/** A judged run beside what was drawn for it. */
export interface Judged {
  readonly index: number
  /** Such as `pool-too-small:2`; empty: no fault. */
  readonly faults: readonly string[]
  readonly seed: number
  /** The causes that had to be named. */
  readonly drawn: readonly string[]
  /** Those that were. */
  readonly named: readonly string[]
  readonly tookEffect: boolean
  readonly effect: string
  /** What the verdict says of each drawn cause that it does not name, and of what it could not know. */
  readonly reasons: readonly string[]
  readonly durationMs: number
  readonly run: string
  readonly replay: string
}

export type Score = 'right' | 'not known' | 'wrong' | 'no effect'

/** Right: exactly the drawn set. Wrong: something was named that was not drawn. A fault that did nothing counts as neither. */
export function scoreOf({ drawn, named, tookEffect }: Judged): Score {
  if (!tookEffect) return 'no effect'
  if (named.some((cause) => !drawn.includes(cause))) return 'wrong'
  return drawn.every((cause) => named.includes(cause)) ? 'right' : 'not known'
}

const scores: readonly Score[] = ['right', 'not known', 'wrong', 'no effect']

/** The confusion matrix: what was drawn, down; what was named, across. */
export function renderMatrix(results: readonly Judged[]): string {
  const causes = [...new Set(results.flatMap(({ drawn, named }) => [...drawn, ...named]))].sort()
  const labels = [...new Set(results.map(labelOf))].sort()
  const rows = labels.map((label) => {
    const runs = results.filter((one) => labelOf(one) === label && one.tookEffect)
    const all = results.filter((one) => labelOf(one) === label)
    return [
      label,
      ...scores.map((score) => count(all, (one) => scoreOf(one) === score)),
      ...causes.map((cause) => count(runs, ({ named }) => named.includes(cause))),
      count(runs, ({ named }) => named.length === 0),
    ]
  })
  return markdownTable([['Drawn', ...scores, ...causes.map((cause) => `named: ${cause}`), 'named: none'], ...rows])
}

function count(results: readonly Judged[], holds: (one: Judged) => boolean): string {
  const found = results.filter(holds).length
  return found === 0 ? '' : String(found)
}

function labelOf({ faults }: Judged): string {
  return faults.length === 0 ? 'no fault' : faults.map((fault) => fault.split(':')[0]).join(' + ')
}

/** The figures, then each run that was not right, with why and the command that repeats it. */
export function renderScores(results: readonly Judged[]): string {
  const counted = results.filter((one) => scoreOf(one) !== 'no effect')
  const of = (score: Score) => counted.filter((one) => scoreOf(one) === score).length
  const share = (score: Score) => `${of(score)} (${((100 * of(score)) / Math.max(1, counted.length)).toFixed(1)} %)`
  const slowest = Math.max(0, ...results.map(({ durationMs }) => durationMs))
  const lines = [
    `${counted.length} runs counted: right ${share('right')}, not known ${share('not known')}, wrong accusations ${share('wrong')}`,
    `${results.length - counted.length} runs in which the fault did not take effect; the slowest run took ${(slowest / 1000).toFixed(1)} s`,
  ]
  for (const one of results.filter((result) => scoreOf(result) !== 'right')) {
    lines.push(
      '',
      `${scoreOf(one)}: run ${one.index}, ${one.faults.join(' + ') || 'no fault'}`,
      `  had to be named: ${one.drawn.join(', ') || 'none'}; was named: ${one.named.join(', ') || 'none'}`,
      ...(one.tookEffect ? one.reasons.map((reason) => `  ${reason}`) : [`  ${one.effect}`]),
      `  record: ${one.run}`,
      `  again: ${one.replay}`,
    )
  }
  return lines.join('\n')
}
