import type { Evidence } from '../evidence.ts'
import {
  effectiveWriteRatePerSec,
  firstIndex,
  longestGapMs,
  longestSilenceMs,
  type Point,
  pendingStretches,
  points,
  type Stretch,
  warmUpWriteRatePerSec,
  watchedUntilMs,
  writeAttempts,
} from '../measure.ts'
import { oomKillAtDeath } from './oom-kill.ts'

/** A time in which work was pending and nothing was written. */
export interface Stall extends Stretch {
  readonly refs: readonly string[]
}

/** What the record says of writes going on. */
export interface Progress {
  /** The end of what can be judged: the last moments before an OOM kill are left out. */
  readonly untilMs: number
  readonly lastWriteMs: number | null
  /** The longest one that a healthy service has no excuse for. */
  readonly stall: Stall | null
  /** Why a stall could have gone unseen, or need not be one. `null`: all is covered. */
  readonly doubt: string | null
}

/** At its limit a process thrashes before the kernel kills it: that is memory, not a block. */
const thrashingMs = 1_000
/** A PostgreSQL session reports its counters at most once a second (PGSTAT_MIN_INTERVAL). */
export const postgresLagMs = 1_000

/**
 * How long a standstill must last to be called a block: two fifths of the clients' patience, and at least 2 s, which is
 * twice what PostgreSQL's statistics may lag and far above the 100 ms of a CFS period.
 */
export function stallThresholdMs(evidence: Evidence): number {
  return Math.max(2_000, 0.4 * evidence.client.timeoutMs)
}

/**
 * Follows the writes, and finds the longest stretch of pending work without any.
 *
 * @returns `null` where neither was measured
 */
export function progress(evidence: Evidence): Progress | null {
  const endMs = watchedUntilMs(evidence)
  if (endMs === null) return null
  const isOomKill = evidence.exit !== null && oomKillAtDeath(evidence, evidence.exit.t).kind === 'rose'
  const untilMs = isOomKill ? endMs - thrashingMs : endMs

  const ticks = writeTicks(evidence).filter((tick) => tick.t <= endMs)
  if (ticks.length === 0) return null

  const thresholdMs = stallThresholdMs(evidence)
  const pending = pendingStretches(evidence)
  const idleMs = evidence.service.flatMap((probe) => (probe.eventsPending === 0 ? [probe.t] : [])).sort((a, b) => a - b)
  const stall = longest(standstills(ticks, untilMs).flatMap((still) => pieces(still, pending, idleMs)))
  const lastWriteMs = ticks.findLast((tick) => tick.rose && tick.t >= 0)?.t ?? null
  const blindMs = longest(
    pending
      .filter((stretch) => stretch.fromMs < untilMs)
      .map((stretch) => ({ ...stretch, toMs: Math.min(stretch.toMs, untilMs) }))
      .map((stretch) => ({ fromMs: 0, toMs: longestGapMs(around(ticks, stretch), stretch) })),
  )
  const isBlind = blindMs !== null && blindMs.toMs > thresholdMs
  const base = { untilMs, lastWriteMs }
  if (stall && stall.toMs - stall.fromMs >= thresholdMs) {
    const excuse = excuseOf(stall, evidence)
    return { ...base, stall: excuse ? null : stall, doubt: excuse }
  }
  return { ...base, stall: null, doubt: isBlind ? `no reading of writes for ${Math.round(blindMs.toMs)} ms` : null }
}

/** One reading of the writes, and whether there were any since the one before it. */
export interface Tick extends Point {
  readonly source: 'service' | 'postgres'
  readonly rose: boolean
}

/**
 * Readings of the writes: the events that the service says it committed, and where it is silent (a throttled service
 * answers late, a blocked one not at all) the rows that PostgreSQL says were inserted. PostgreSQL counts the rows of
 * transactions that were rolled back too, so they are progress only where commits rose with them. A counter that went
 * down began anew, and counts from there.
 */
export function writeTicks(evidence: Evidence): Tick[] {
  const written = points(evidence.service, (probe) => probe.eventsWritten)
  const inserted = points(evidence.postgres, (probe) => probe.rowsInserted)
  const commits = points(evidence.postgres, (probe) => probe.commits)
  const said = written.map((point, index) => ({ ...point, source: 'service' as const, rose: isRise(written, index) }))
  const counted = inserted.map((point, index) => {
    return { ...point, source: 'postgres' as const, rose: isRise(inserted, index) && isRise(commits, index) }
  })
  const silenceMs = longestSilenceMs(evidence)
  let next = 0
  const unsaid = counted.filter(({ t }) => {
    while (next < written.length && (written[next]?.t ?? 0) < t) next++
    const [before, after] = [written[next - 1], written[next]]
    return !before || !after || after.t - before.t > silenceMs
  })
  return [...said, ...unsaid].sort((a, b) => a.t - b.t)
}

function isRise(series: readonly Point[], index: number): boolean {
  const [before, point] = [series[index - 1], series[index]]
  return before !== undefined && point !== undefined && point.value > before.value
}

/**
 * The first write that surely happened within a stretch: between two readings in it, and later than PostgreSQL's lag
 * where PostgreSQL alone could say. `isCovered`: were there none, it would be known.
 */
export function writesWithin(evidence: Evidence, stretch: Stretch): { first: Tick | null; isCovered: boolean } {
  const ticks = writeTicks(evidence).filter(({ t, source }) => {
    return t >= stretch.fromMs + (source === 'postgres' ? postgresLagMs : 0) && t <= stretch.toMs
  })
  const isLong = stretch.toMs - stretch.fromMs >= stallThresholdMs(evidence)
  return {
    first: ticks.slice(1).find((tick) => tick.rose) ?? null,
    isCovered: isLong && ticks.length >= 2 && longestGapMs(ticks, stretch) <= longestSilenceMs(evidence),
  }
}

/** Times between one rise and the next, without the last interval: the rise happened somewhere within it. */
function standstills(ticks: readonly Tick[], untilMs: number): (Stall & { ticks: readonly Tick[] })[] {
  const found: (Stall & { ticks: readonly Tick[] })[] = []
  let still: Tick[] = []
  for (const tick of [...ticks.filter((candidate) => candidate.t <= untilMs), null]) {
    if (tick && !tick.rose) {
      still.push(tick)
      continue
    }
    const [first, last] = [still[0], still.at(-1)]
    if (first && last) found.push({ fromMs: first.t, toMs: last.t, refs: [first.ref, last.ref], ticks: still })
    still = tick ? [tick] : []
  }
  return found
}

/**
 * The parts of a standstill in which work was pending, less what PostgreSQL's lag may have hidden.
 *
 * @param pending by time, none of which overlap
 * @param idleMs when the service said that nothing was pending, by time
 */
function pieces(
  still: Stall & { ticks: readonly Tick[] },
  pending: readonly Stretch[],
  idleMs: readonly number[],
): Stall[] {
  const first = firstIndex(pending, (stretch) => stretch.toMs > still.fromMs)
  const end = firstIndex(pending, (stretch) => stretch.fromMs >= still.toMs)
  return pending.slice(first, end).flatMap((stretch) => {
    const fromMs = Math.max(still.fromMs, stretch.fromMs)
    const toMs = Math.min(still.toMs, stretch.toMs)
    const nextIdleMs = idleMs[firstIndex(idleMs, (t) => t > fromMs)]
    const isIdle = nextIdleMs !== undefined && nextIdleMs < toMs
    if (toMs <= fromMs || isIdle) return []
    const lastSaid = still.ticks.findLast((tick) => tick.source === 'service' && tick.t <= toMs)
    const isSaidByService = lastSaid !== undefined && lastSaid.t >= toMs - postgresLagMs
    const lagMs = isSaidByService ? 0 : postgresLagMs
    return [{ fromMs: fromMs + lagMs, toMs: Math.max(fromMs + lagMs, toMs), refs: still.refs }]
  })
}

/**
 * What else explains a standstill: a database that is gone, or one large batch. A batch is one transaction, so between
 * two commits of a slow service lies the time that a whole batch takes.
 */
function excuseOf(stall: Stall, evidence: Evidence): string | null {
  const isDatabaseGone = evidence.probeFailures.some(
    ({ probe, t }) => probe === 'postgres' && t >= stall.fromMs && t <= stall.toMs,
  )
  if (isDatabaseGone) return 'PostgreSQL did not answer while nothing was written'
  // Before the first commit there is no rate: then the warm-up says how long an event takes by itself.
  const ratePerSec = effectiveWriteRatePerSec(evidence) || warmUpWriteRatePerSec(evidence)
  if (!ratePerSec) return null
  const largestBatch = writeAttempts(evidence).reduce((most, attempt) => Math.max(most, attempt.events), 0)
  // Three: the rate is an average, and batches that are written side by side finish together.
  const expectedMs = (3 * largestBatch * 1000) / ratePerSec
  return stall.toMs - stall.fromMs < expectedMs
    ? `no commit for ${Math.round(stall.toMs - stall.fromMs)} ms, but a batch of ${largestBatch} may take that long`
    : null
}

function longest<T extends Stretch>(stretches: readonly T[]): T | null {
  return stretches.reduce<T | null>(
    (best, stretch) => (best && best.toMs - best.fromMs >= stretch.toMs - stretch.fromMs ? best : stretch),
    null,
  )
}

/** Those of a series by time that say something of a stretch: its own, and the next one to either side. */
function around<T extends Point>(series: readonly T[], { fromMs, toMs }: Stretch): readonly T[] {
  const first = firstIndex(series, ({ t }) => t > fromMs) - 1
  return series.slice(Math.max(0, first), firstIndex(series, ({ t }) => t >= toMs) + 1)
}
