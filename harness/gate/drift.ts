import { mean, shuffle, tTestTwoSample } from 'simple-statistics'
import type { GateLine } from '../gate-history.ts'
import type { Drift } from '../gate-result.ts'
import { createRandom } from '../random.ts'

/** On either side of a change: fewer gates than this are no level. */
const fewestGates = 4
/** How often gates without a change may be said to have one, for each metric. */
const falseAlarm = 0.01
const shuffles = 999

/**
 * Finds what got worse from night to night in steps too small for any one gate: the change point in the ratios of gates
 * against one and the same baseline, the newest among them. Of all ways to cut the series in two, the one whose halves
 * differ most (Student's t) is tested against the same search in the shuffled series, so that looking everywhere is paid for.
 *
 * @param lines gates of one scenario, oldest first
 */
export function findDrifts(lines: readonly GateLine[]): Drift[] {
  const newest = lines.at(-1)
  if (!newest) return []
  const since = lines.findLastIndex(({ baseline }) => baseline !== newest.baseline) + 1
  const same = lines.slice(since)
  return newest.decision.metrics.flatMap(({ limit }) => {
    const { metric } = limit
    const series = same.flatMap(({ at, decision }) => {
      const found = decision.metrics.find(({ limit }) => limit.metric === metric)
      return found?.effect ? [{ at, value: signOf(found.limit) * Math.log(found.effect.ratio) }] : []
    })
    const found = changeIn(series.map(({ value }) => value))
    const first = found && series[found.index]
    if (!found || !first) return []
    const [before, after] = [found.before, found.after].map((level) => Math.exp(signOf(limit) * level))
    return [{ metric, at: first.at, gates: series.length, before: before ?? 1, after: after ?? 1 }]
  })
}

/** Turned round where less is worse, so that a higher level is a worse one. */
function signOf({ share = 0 }: { readonly share?: number | undefined }): number {
  return share < 0 ? -1 : 1
}

/** The first place of the new, higher level. `null`: there is none that chance would not have made. */
function changeIn(values: readonly number[]): { index: number; before: number; after: number } | null {
  const best = widestCut(values)
  if (!best) return null
  const random = createRandom(values.length)
  const chance = Array.from({ length: shuffles }, () => widestCut(shuffle([...values], random))?.t ?? 0)
  const p = (1 + chance.filter((t) => t >= best.t).length) / (1 + shuffles)
  if (p > falseAlarm) return null
  return { index: best.index, before: mean(values.slice(0, best.index)), after: mean(values.slice(best.index)) }
}

function widestCut(values: readonly number[]): { index: number; t: number } | null {
  let best: { index: number; t: number } | null = null
  for (let index = fewestGates; index <= values.length - fewestGates; index++) {
    const t = tTestTwoSample(values.slice(index), values.slice(0, index)) ?? 0
    // Without any spread there is no t.
    if (Number.isFinite(t) && (!best || t > best.t)) best = { index, t }
  }
  return best
}
