import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { failedAttempts, points, writeAttempts } from '../measure.ts'
import { largerPool, smallerPool } from '../perturbation.ts'
import { formatAt } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { type FullPool, fullPools } from './full-pool.ts'
import { absent, absentIfWatched, notMeasurable, percent, seen, seenSince, span, watched } from './observe.ts'
import { postgresLagMs, writeTicks } from './progress.ts'

/** As long as a block must last: far above what a write takes, and twice what PostgreSQL's statistics may lag. */
const shortestMs = 2_000
/** Of its CPU: a service whose requests wait for each other does nothing. */
const idleShare = 0.5

/** A time with a full pool in which nothing was written. */
interface Standstill extends FullPool {
  readonly idleInTransaction: number
}

export const nestedCheckout: Hypothesis = {
  name: 'nested-checkout',
  label: 'pool deadlock',
  role: 'trigger',
  claim:
    'Requests that held a connection waited for a second one of the same pool: with as many of them as it has, for ever.',
  phrase: 'a deadlock on the connection pool',
  // The same as of a pool that is too small: what tells the two apart is what the holders do.
  perturbations: [
    { expected: 'gone', ...largerPool },
    { expected: 'sooner', ...smallerPool },
  ],
  predictions: [
    {
      statement: 'every connection is in use, requests wait for one, and nothing is written for two seconds and longer',
      necessary: true,
      observe(evidence) {
        const window = watched(evidence)
        if (!('untilMs' in window)) return window
        const still = standstill(evidence)
        if (still) {
          const because = `all ${still.size} connections in use, nothing written ${span(still.fromMs, still.toMs)}`
          return seenSince(still.fromMs, because, still.refs)
        }
        return neverStill(evidence, window.untilMs)
      },
    },
    {
      // Active holders would be worked for by the database; these wait for the service, which waits for them.
      statement: 'all those who hold a connection are idle in a transaction',
      necessary: true,
      observe: (evidence) => whileStill(evidence, holdersIdle),
    },
    {
      statement: 'the service is alive and has next to nothing to do meanwhile',
      necessary: true,
      observe: (evidence) => whileStill(evidence, serviceIdle),
    },
    {
      statement: 'requests that were open at that time time out or fail with 5xx',
      necessary: true,
      observe(evidence) {
        if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const still = standstill(evidence)
        const harmed = failedAttempts(evidence, ['timeout', '5xx']).filter(
          (attempt) => !still || (attempt.endedMs >= still.fromMs && attempt.startedMs <= still.toMs),
        )
        const first = harmed[0]
        return first
          ? seen(`${harmed.length} timeouts or 5xx from ${formatAt(first.endedMs)} on`, [first.ref])
          : absentIfWatched(evidence, 'no timeout and no 5xx at that time')
      },
    },
  ],
}

function whileStill(evidence: Evidence, observe: (evidence: Evidence, still: Standstill) => Observed): Observed {
  const still = standstill(evidence)
  return still ? observe(evidence, still) : notMeasurable('writes were not seen to stand still with a full pool')
}

/** A time of a full pool without a write that is long enough; one whose holders are idle, if there is one. */
function standstill(evidence: Evidence): Standstill | null {
  const window = watched(evidence)
  if (!('untilMs' in window)) return null
  const found = fullPools(evidence, window.untilMs)
    .flatMap((full) => withoutWrites(evidence, full))
    .filter(({ fromMs, toMs }) => toMs - fromMs >= shortestMs)
    .map((full): Standstill => {
      const probes = evidence.postgres.filter(({ t }) => t >= full.fromMs && t <= full.toMs)
      const held = probes.reduce((sum, probe) => sum + probe.idleInTransaction, 0)
      return { ...full, idleInTransaction: probes.length === 0 ? 0 : held / probes.length / full.size }
    })
  // The first: what it brings about begins with it. Each write that gives up ends one, and lets another begin.
  return found.find((one) => one.idleInTransaction >= heldShare) ?? found[0] ?? null
}

/** Of the pool: one connection may be in another state in a reading, all in all none may. */
const heldShare = 0.8

/** The parts of a full pool's time between one write and the next. */
function withoutWrites(evidence: Evidence, full: FullPool): FullPool[] {
  const ticks = writeTicks(evidence).filter(({ t }) => t >= full.fromMs && t <= full.toMs)
  const parts: FullPool[] = []
  let from = ticks[0]
  for (const [index, tick] of ticks.entries()) {
    if (index > 0 && tick.rose) from = tick
    const next = ticks[index + 1]
    const isLast = !next || next.rose
    if (!from || !isLast || tick.t <= from.t) continue
    // A write that PostgreSQL alone could count may have been counted late.
    const lagMs = from.source === 'postgres' ? postgresLagMs : 0
    parts.push({ ...full, fromMs: from.t + lagMs, toMs: Math.max(tick.t, from.t + lagMs), refs: [from.ref, tick.ref] })
  }
  return parts
}

function holdersIdle(evidence: Evidence, still: Standstill): Observed {
  const probes = evidence.postgres.filter(({ t }) => t >= still.fromMs && t <= still.toMs)
  if (probes.length === 0) return notMeasurable('no reading of PostgreSQL meanwhile')
  const refs = probes.slice(0, 1).map(({ ref }) => ref)
  const because = `${percent(Math.min(1, still.idleInTransaction))} of the connections idle in transaction`
  return still.idleInTransaction >= heldShare ? seen(because, refs) : absent(because, refs)
}

function serviceIdle(evidence: Evidence, still: Standstill): Observed {
  const within = ({ t }: { t: number }) => t >= still.fromMs && t <= still.toMs
  const signs = [...evidence.heartbeats.filter((beat) => beat.status !== null), ...evidence.service].filter(within)
  const used = points(evidence.cgroup, (probe) => probe.cpuUsageMs, still.fromMs, still.toMs)
  const [first, last] = [used[0], used.at(-1)]
  const cpus = evidence.appliedLimits?.cpus ?? 1
  if (!first || !last || last.t <= first.t) return notMeasurable('no reading of CPU time meanwhile')
  const share = (last.value - first.value) / ((last.t - first.t) * cpus)
  const refs = [first.ref, last.ref]
  if (share >= idleShare) return absent(`used ${percent(share)} of its CPU meanwhile`, refs)
  return signs.length > 0
    ? seen(`alive, at ${percent(share)} of its CPU`, refs)
    : notMeasurable('no sign of life meanwhile')
}

function neverStill(evidence: Evidence, untilMs: number): Observed {
  const full = fullPools(evidence, untilMs)
  const isRead = evidence.service.some((probe) => probe.poolInUse !== null) || evidence.postgres.length > 0
  if (!isRead) return notMeasurable('no readings of the connections')
  if (full.length === 0) return absentIfWatched(evidence, 'no lasting queue for a connection')
  return writeTicks(evidence).length < 2
    ? notMeasurable('no readings of writes while the pool was full')
    : absent(`writes went on while all ${full[0]?.size} connections were in use`, full[0]?.refs)
}
