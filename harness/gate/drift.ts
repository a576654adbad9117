import { mean, shuffle, sum } from 'simple-statistics'
import type { GateLine } from '../gate-history.ts'
import type { Drift } from '../gate-result.ts'
import { createRandom } from '../random.ts'

/** On either side of a change: fewer gates than this are no level. */
const fewestGates = 4
/** What is older than so many gates is no news. */
const mostGates = 120
/** How often gates without a change may be said to have one, for each metric. */
const falseAlarm = 0.01
const shuffles = 999

interface Gate {
  readonly line: GateLine
  /** Candidate over baseline, as a logarithm, more being worse. */
  readonly ratio: number
  /** Earlier gates, by index, whose candidate is the baseline now: their mean is its level. None: levels begin here. */
  readonly from: readonly number[]
}

/**
 * Finds what got worse from night to night in steps too small for any one gate: the change point in the levels of the gates that
 * are like the newest one. A level is a ratio to the first baseline. Where the baseline moves on, as with every tag, its own
 * level is that of the nights on which it was the candidate, so that what each baseline lets through adds up; where there was no
 * such night, levels begin anew.
 *
 * Of all ways to cut the series in two, the one whose halves differ most, for their lengths, is tested against the same search in
 * series of the shuffled ratios, so that looking everywhere, and adding up noise, is paid for.
 *
 * @param lines gates of one scenario, oldest first
 */
export function findDrifts(lines: readonly GateLine[]): Drift[] {
  const newest = lines.at(-1)
  // A setting is an experiment, and not what became of the service.
  if (!newest || newest.sides?.candidate.kind === 'settings') return []
  const alike = lines.filter((line) => seriesOf(line) === seriesOf(newest)).slice(-mostGates)
  return newest.decision.metrics.flatMap(({ limit }) => {
    const { metric } = limit
    const gates = linkedWithLast(
      alike.flatMap((line) => {
        const found = line.decision.metrics.find(({ limit }) => limit.metric === metric)
        return found?.effect ? [{ line, ratio: signOf(found.limit) * Math.log(found.effect.ratio) }] : []
      }),
    )
    const found = changeIn(gates)
    const [root, first] = [gates[0], found && gates[found.index]]
    if (!root || !found || !first) return []
    const [before = 1, after = 1] = [found.before, found.after].map((level) => Math.exp(signOf(limit) * level))
    return [{ metric, at: first.line.at, gates: gates.length, before, after, from: root.line.baseline }]
  })
}

/** Where one of these differs, so does more than what became of the service. */
function seriesOf({ runtime, sides }: GateLine): string {
  return [runtime, sides?.baseline.kind, sides?.candidate.kind, sides?.candidate.isChanged].join()
}

/** Those whose levels are ratios to one and the same baseline, the last gate among them. */
function linkedWithLast(gates: readonly Omit<Gate, 'from'>[]): Gate[] {
  // By name: settled once it becomes a baseline, so that gates against it are compared with each other as they are.
  const baselines = new Map<string, { readonly root: number; readonly from: readonly number[] }>()
  const rootOf: number[] = []
  const linked = gates.map((gate, index) => {
    const { sides, baseline } = gate.line
    // The same stand-in is the same baseline, whatever it was asked for by.
    const name = sides?.baseline.standIn ?? baseline
    let known = baselines.get(name)
    if (!known) {
      const before = gates.flatMap(({ line }, at) => (at < index && line.sides?.candidate.standIn === name ? [at] : []))
      const root = rootOf[before.at(-1) ?? index] ?? index
      known = { root, from: before.filter((at) => rootOf[at] === root) }
      baselines.set(name, known)
    }
    rootOf.push(known.root)
    return { ...gate, from: known.from }
  })
  const kept = linked.flatMap((_, index) => (rootOf[index] === rootOf.at(-1) ? [index] : []))
  const placeOf = new Map(kept.map((index, place) => [index, place]))
  return kept.flatMap((index) => {
    const gate = linked[index]
    return gate ? [{ ...gate, from: gate.from.flatMap((at) => placeOf.get(at) ?? []) }] : []
  })
}

/** Turned round where less is worse, so that a higher level is a worse one. */
function signOf({ share = 0 }: { readonly share?: number | undefined }): number {
  return share < 0 ? -1 : 1
}

/** The first place of the new, higher level. `null`: there is none that chance would not have made. */
function changeIn(gates: readonly Gate[]): { index: number; before: number; after: number } | null {
  if (gates.length < 2 * fewestGates) return null
  // How far the first baseline is from all that followed is no change.
  const offset = mean(gates.flatMap(({ ratio, from }) => (from.length === 0 ? [ratio] : [])))
  const ratios = gates.map(({ ratio, from }) => (from.length === 0 ? ratio - offset : ratio))
  const levels = levelsOf(ratios, gates)
  const best = widestCut(levels)
  if (!best) return null
  const random = createRandom(ratios.length)
  // A later baseline was a candidate itself: had nothing changed, ratios to it would lie on either side of none alike.
  const hasMoved = gates.some(({ from }) => from.length > 0)
  const draw = () => shuffle([...ratios], random).map((ratio) => (hasMoved && random() < 0.5 ? -ratio : ratio))
  const chance = Array.from({ length: shuffles }, () => widestCut(levelsOf(draw(), gates))?.apart ?? 0)
  const p = (1 + chance.filter((apart) => apart >= best.apart).length) / (1 + shuffles)
  if (p > falseAlarm) return null
  const [before, after] = [levels.slice(0, best.index), levels.slice(best.index)].map((some) => offset + mean(some))
  return before === undefined || after === undefined ? null : { index: best.index, before, after }
}

/** Ratios to the first baseline. */
function levelsOf(ratios: readonly number[], gates: readonly Gate[]): number[] {
  const levels: number[] = []
  for (const [index, { from }] of gates.entries()) {
    const baseline = from.length === 0 ? 0 : mean(from.map((at) => levels[at] ?? 0))
    levels.push((ratios[index] ?? 0) + baseline)
  }
  return levels
}

/**
 * Student's t would choose the same place, but tells nothing between series of other spreads: noise that adds up has as high a t as
 * a trend has.
 */
function widestCut(levels: readonly number[]): { index: number; apart: number } | null {
  const total = sum(levels)
  let below = 0
  let best: { index: number; apart: number } | null = null
  for (const [index, level] of levels.entries()) {
    const above = levels.length - index
    if (index >= fewestGates && above >= fewestGates) {
      const apart = ((total - below) / above - below / index) * Math.sqrt((index * above) / levels.length)
      if (!best || apart > best.apart) best = { index, apart }
    }
    below += level
  }
  return best
}
