import { type PartName, partNames } from './engine.ts'
import type { Evidence, Recorded } from './evidence.ts'
import { type Point, points } from './measure.ts'
import type { Line } from './sample.ts'
import type { ResourceReading } from './stack.ts'
import { formatAt, formatBytes } from './units.ts'

/** How much memory a part took that the kernel cannot drop, from the burst on. */
export interface Growth {
  readonly part: PartName
  readonly grewBytes: number
  readonly heldBytes: number
  readonly ref: string
}

/** Which parts took the memory of the stack. `named`: those that may be called the ones that grew, largest first. */
export type Growths =
  | { readonly kind: 'measured'; readonly all: readonly Growth[]; readonly named: readonly Growth[] }
  | { readonly kind: 'unknown'; readonly why: string }

/** A kill frees memory before it is counted, and the reading that shows it comes later still: look this far back. */
const lookBackMs = 1_000
/** Of all growth together: a part that took less than a fourth of it is not called one that grew. */
const worthNamingShare = 0.25
/** Of the limit: all growth together must be this much, else the memory was taken before the burst. */
const leastGrowthShare = 0.05
/** Of all growth: what nobody's own memory accounts for (page cache, the kernel's own, growth between two readings). */
const mostUnseenShare = 0.5

const parts = Object.keys(partNames) as PartName[]

/**
 * Who grew from the burst on until `untilMs`, the moment of a kill. Anonymous and shared memory alone count: page cache
 * grows with whoever touches a file first, and makes room before anybody is killed.
 */
export function growths(evidence: Evidence, untilMs: number): Growths {
  const limitBytes = evidence.appliedLimits?.memoryLimitBytes
  if (!limitBytes) return { kind: 'unknown', why: 'the memory limit was not read back' }
  const all: Growth[] = []
  for (const part of parts) {
    const held = heldBytes(evidence, part)
    const before = held.findLast((point) => point.t <= 0) ?? held.find((point) => point.t <= lookBackMs)
    const near = held.filter((point) => point.t >= untilMs - lookBackMs && point.t <= untilMs)
    const last = near.reduce<Point | undefined>(
      (best, one) => (best && best.value >= one.value ? best : one),
      undefined,
    )
    if (!before || !last) {
      const when = before ? `right before ${formatAt(untilMs)}` : 'at the burst'
      return { kind: 'unknown', why: `no reading of ${partNames[part]}'s memory ${when}` }
    }
    all.push({ part, grewBytes: last.value - before.value, heldBytes: last.value, ref: last.ref })
  }
  all.sort((a, b) => b.grewBytes - a.grewBytes)
  const total = all.reduce((sum, one) => sum + Math.max(0, one.grewBytes), 0)
  if (total < leastGrowthShare * limitBytes) return { kind: 'measured', all, named: [] }
  const unseen = limitBytes - all.reduce((sum, one) => sum + one.heldBytes, 0)
  if (unseen > mostUnseenShare * total) {
    return { kind: 'unknown', why: `${formatBytes(unseen)} of the limit are in nobody's own memory` }
  }
  return { kind: 'measured', all, named: all.filter((one) => one.grewBytes >= worthNamingShare * total) }
}

/** The memory counters of one part, from the service's own probe or the parts', or of the stack as a whole. */
export function readingsOf(evidence: Evidence, part: PartName | 'stack'): readonly Recorded<Line & ResourceReading>[] {
  return part === 'datastorage' ? evidence.cgroup : evidence.parts.filter((probe) => probe.part === part)
}

function heldBytes(evidence: Evidence, part: PartName): Point[] {
  const held = ({ rssBytes, shmemBytes }: ResourceReading) => (rssBytes === null ? null : rssBytes + (shmemBytes ?? 0))
  return points(readingsOf(evidence, part), held)
}

/** A kill by the kernel in a part, as that part's own counter shows it. */
export interface PartKill {
  readonly part: PartName
  readonly from: Point
  readonly to: Point
}

/** The first kill in each part, by time. */
export function partKills(evidence: Evidence): PartKill[] {
  const kills = parts.flatMap((part): PartKill[] => {
    const readings = points(readingsOf(evidence, part), (probe) => probe.oomKills)
    const at = readings.findIndex((reading, index) => index > 0 && reading.value > (readings[index - 1]?.value ?? 0))
    const [from, to] = [readings[at - 1], readings[at]]
    return from && to ? [{ part, from, to }] : []
  })
  return kills.sort((a, b) => a.to.t - b.to.t)
}
