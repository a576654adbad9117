import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import {
  failedAttempts,
  highest,
  longestGapMs,
  longestSilenceMs,
  points,
  type Stretch,
  writeAttempts,
} from '../measure.ts'
import { largerPool, smallerPool } from '../perturbation.ts'
import { formatAt } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { type FullPool, fullPools } from './full-pool.ts'
import { absent, absentIfWatched, notMeasurable, seen, seenSince, span, watched } from './observe.ts'
import { postgresLagMs, writeTicks } from './progress.ts'

export const poolExhaustion: Hypothesis = {
  name: 'pool-exhaustion',
  label: 'pool exhaustion',
  role: 'trigger',
  claim: 'The pool of database connections was too small, or its queries too slow: requests queued for a connection.',
  phrase: 'an exhausted connection pool',
  perturbations: [
    { expected: 'gone', ...largerPool },
    { expected: 'sooner', ...smallerPool },
  ],
  predictions: [
    {
      statement: 'every connection is in use and requests wait for one, in two probes running',
      necessary: true,
      observe(evidence) {
        const window = watched(evidence)
        if (!('untilMs' in window)) return window
        const full = fullPool(evidence, window.untilMs)
        if (!full) return neverFull(evidence, window.untilMs)
        const waiting = full.waiting === null ? '' : `, up to ${full.waiting} waiting`
        return seenSince(full.fromMs, `all ${full.size} connections in use${waiting}`, full.refs)
      },
    },
    {
      // Idle in transaction means that the database waits for the service: then the pool is held, not worked.
      statement: 'those who hold a connection are active in the database, not idle in a transaction',
      necessary: true,
      observe: (evidence) => whileFull(evidence, holdersActive),
    },
    {
      statement: 'requests that were open at that time time out or fail with 5xx',
      necessary: true,
      observe(evidence) {
        if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const full = fullPoolOf(evidence)
        const harmed = full ? harmedBy(evidence, full) : failedAttempts(evidence, ['timeout', '5xx'])
        const first = harmed[0]
        if (!first) return absentIfWatched(evidence, `no timeout and no 5xx${full ? ' at that time' : ''}`)
        return seen(`${harmed.length} timeouts or 5xx from ${formatAt(first.endedMs)} on`, [first.ref])
      },
    },
    {
      statement: 'writes go on meanwhile',
      necessary: true,
      observe: (evidence) => whileFull(evidence, writesGoOn),
    },
  ],
}

function whileFull(evidence: Evidence, observe: (evidence: Evidence, full: FullPool) => Observed): Observed {
  const full = fullPoolOf(evidence)
  return full ? observe(evidence, full) : notMeasurable('the pool was not seen full')
}

function fullPoolOf(evidence: Evidence): FullPool | null {
  const window = watched(evidence)
  return 'untilMs' in window ? fullPool(evidence, window.untilMs) : null
}

/**
 * The time with a full pool that is judged: the first of which all the rest holds too, else the first that harmed
 * somebody, else the longest.
 */
function fullPool(evidence: Evidence, untilMs: number): FullPool | null {
  const stretches = fullPools(evidence, untilMs)
  const harmful = stretches.filter((full) => harmedBy(evidence, full).length > 0)
  const whole = harmful.find((full) => {
    return holdersActive(evidence, full).result === 'seen' && writesGoOn(evidence, full).result === 'seen'
  })
  return whole ?? harmful[0] ?? longest(stretches)
}

/** Attempts that failed and were open while the pool was full. */
function harmedBy(evidence: Evidence, { fromMs, toMs }: Stretch) {
  return failedAttempts(evidence, ['timeout', '5xx']).filter(
    (attempt) => attempt.startedMs <= toMs && attempt.endedMs >= fromMs,
  )
}

/** What most connections did. A session may also be idle while its connection is held: then nothing can be said. */
function holdersActive(evidence: Evidence, full: FullPool): Observed {
  const probes = evidence.postgres.filter((probe) => probe.t >= full.fromMs && probe.t <= full.toMs)
  if (probes.length === 0) return notMeasurable('no reading of PostgreSQL while the pool was full')
  const most = (full.size * probes.length) / 2
  const refs = probes.slice(0, 1).map((probe) => probe.ref)
  const waiting = probes.reduce((sum, probe) => sum + probe.lockWaits, 0)
  const working = probes.reduce((sum, probe) => sum + probe.active, 0) - waiting
  if (working > most) return seen('the holders were active', refs)
  // They are as good as idle: whoever holds the locks decides, not the number of connections.
  if (waiting > most) return absent('the holders waited for locks', refs)
  return probes.reduce((sum, probe) => sum + probe.idleInTransaction, 0) > most
    ? absent('the holders were idle in transaction', refs)
    : notMeasurable('the holders were mostly neither active nor idle in transaction')
}

function longest(stretches: readonly FullPool[]): FullPool | null {
  return stretches.reduce<FullPool | null>(
    (best, full) => (best && best.toMs - best.fromMs >= full.toMs - full.fromMs ? best : full),
    null,
  )
}

/** Refutes only where one of the two sources covers the run from the first request to its end. */
function neverFull(evidence: Evidence, untilMs: number): Observed {
  const firstMs = writeAttempts(evidence).reduce((first, attempt) => Math.min(first, attempt.startedMs), untilMs)
  const size = evidence.service.find((probe) => probe.poolMax !== null)?.poolMax ?? evidence.poolSize
  if (size === null) return notMeasurable('how large its pool is is not known')
  const inUse = points(evidence.service, (probe) => probe.poolInUse)
  const working = points(evidence.postgres, (probe) => probe.active + probe.idleInTransaction)
  for (const series of [inUse, working]) {
    if (longestGapMs(series, { fromMs: firstMs, toMs: untilMs }) > longestSilenceMs(evidence)) continue
    const most = highest(series.filter((point) => point.t >= 0 && point.t <= untilMs))
    if (!most) continue
    if (most.value < size) return absent(`at most ${most.value} of ${size} connections in use`, [most.ref])
    return absent(`${most.value} of ${size} connections in use, but no lasting queue`, [most.ref])
  }
  return notMeasurable('no readings of the connections that cover the run')
}

/** Nothing written while every connection is held is a deadlock on the pool: another cause, with another cure. */
function writesGoOn(evidence: Evidence, full: FullPool): Observed {
  const during = span(full.fromMs, full.toMs)
  const ticks = writeTicks(evidence).filter((tick) => tick.t >= full.fromMs && tick.t <= full.toMs)
  const rise = ticks.slice(1).find((tick) => tick.rose)
  if (rise) return seen(`writes went on ${during}`, [rise.ref])
  const isSaid = ticks.filter((tick) => tick.source === 'service').length >= 2
  const isMeasured = isSaid || (ticks.length >= 2 && full.toMs - full.fromMs >= 2 * postgresLagMs)
  return isMeasured
    ? absent(`nothing written ${during}`, full.refs)
    : notMeasurable('no readings of writes while the pool was full')
}
