import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { batchAttempts, failedAttempts, highest, longestGapMs, points, type Stretch } from '../measure.ts'
import { formatAt } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { absent, absentIfWatched, longestSilenceMs, notMeasurable, seen, span, watched } from './observe.ts'

/** A time in which every connection was in use. `waiting` is `null` where only PostgreSQL could say. */
interface FullPool extends Stretch {
  readonly size: number
  readonly waiting: number | null
  readonly refs: readonly string[]
}

interface Reading {
  readonly t: number
  readonly ref: string
  readonly isFull: boolean
  readonly size: number
  readonly waiting: number | null
}

export const poolExhaustion: Hypothesis = {
  name: 'pool-exhaustion',
  label: 'pool exhaustion',
  role: 'trigger',
  claim: 'The pool of database connections was too small, or its queries too slow: requests queued for a connection.',
  phrase: 'an exhausted connection pool',
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
        return seen(`all ${full.size} connections in use${waiting}`, full.refs)
      },
    },
    {
      // Idle in transaction means that the database waits for the service: then the pool is held, not worked.
      statement: 'those who hold a connection are active in the database, not idle in a transaction',
      necessary: true,
      observe(evidence) {
        const full = fullPoolOf(evidence)
        if (!full) return notMeasurable('the pool was not seen full')
        const probes = evidence.postgres.filter((probe) => probe.t >= full.fromMs && probe.t <= full.toMs)
        if (probes.length === 0) return notMeasurable('no reading of PostgreSQL while the pool was full')
        const active = probes.reduce((sum, probe) => sum + probe.active, 0)
        const idle = probes.reduce((sum, probe) => sum + probe.idleInTransaction, 0)
        const refs = probes.slice(0, 1).map((probe) => probe.ref)
        return active > idle
          ? seen('the holders were active', refs)
          : absent('the holders were idle in transaction', refs)
      },
    },
    {
      statement: 'requests time out or fail with 5xx from then on',
      necessary: true,
      observe(evidence) {
        if (batchAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const full = fullPoolOf(evidence)
        const harmed = failedAttempts(evidence, ['timeout', '5xx']).filter(
          (attempt) => !full || attempt.endedMs >= full.fromMs,
        )
        const first = harmed[0]
        if (!first) return absentIfWatched(evidence, 'no timeout and no 5xx')
        return seen(`${harmed.length} timeouts or 5xx from ${formatAt(first.endedMs)} on`, [first.ref])
      },
    },
    {
      statement: 'writes go on meanwhile',
      necessary: true,
      observe: writesGoOn,
    },
  ],
}

function fullPoolOf(evidence: Evidence): FullPool | null {
  const window = watched(evidence)
  return 'untilMs' in window ? fullPool(evidence, window.untilMs) : null
}

/** The longest time with a full pool, of two readings at least: one alone may be the burst's first breath. */
function fullPool(evidence: Evidence, untilMs: number): FullPool | null {
  const silenceMs = longestSilenceMs(evidence)
  return (
    longestFull(serviceReadings(evidence, untilMs), silenceMs) ??
    longestFull(postgresReadings(evidence, untilMs), silenceMs)
  )
}

function serviceReadings(evidence: Evidence, untilMs: number): Reading[] {
  return evidence.service.flatMap((probe) => {
    const { t, ref, poolInUse, poolWaiting } = probe
    if (t < 0 || t > untilMs || poolInUse === null || poolWaiting === null) return []
    const size = probe.poolMax ?? evidence.poolSize
    return [{ t, ref, size, waiting: poolWaiting, isFull: poolInUse >= size && poolWaiting > 0 }]
  })
}

/** For a service that does not say: sessions at work are connections in use, but nobody knows who waits. */
function postgresReadings(evidence: Evidence, untilMs: number): Reading[] {
  if (evidence.service.some((probe) => probe.poolWaiting !== null)) return []
  const size = evidence.poolSize
  return evidence.postgres
    .filter((probe) => probe.t >= 0 && probe.t <= untilMs)
    .map(({ t, ref, active, idleInTransaction }) => {
      return { t, ref, size, waiting: null, isFull: active + idleInTransaction >= size }
    })
}

function longestFull(readings: readonly Reading[], silenceMs: number): FullPool | null {
  let best: FullPool | null = null
  let run: Reading[] = []
  for (const reading of readings) {
    const previous = run.at(-1)
    const follows = previous && reading.t - previous.t <= silenceMs
    run = !reading.isFull ? [] : follows ? [...run, reading] : [reading]
    const first = run[0]
    if (!first || run.length < 2 || (best && reading.t - first.t <= best.toMs - best.fromMs)) continue
    const waiting = first.waiting === null ? null : Math.max(...run.map((one) => one.waiting ?? 0))
    best = { fromMs: first.t, toMs: reading.t, size: first.size, waiting, refs: [first.ref, reading.ref] }
  }
  return best
}

/** Refutes only where one of the two sources covers the run from the first request to its end. */
function neverFull(evidence: Evidence, untilMs: number): Observed {
  const firstMs = batchAttempts(evidence).reduce((first, attempt) => Math.min(first, attempt.startedMs), untilMs)
  const size = evidence.service.find((probe) => probe.poolMax !== null)?.poolMax ?? evidence.poolSize
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

/** PostgreSQL's counters come up to a second late: a shorter stretch cannot show that they stand still. */
const shortestForPostgresMs = 2_000

/** Nothing written while every connection is held is a deadlock on the pool: another cause, with another cure. */
function writesGoOn(evidence: Evidence): Observed {
  const full = fullPoolOf(evidence)
  if (!full) return notMeasurable('the pool was not seen full')
  const written = points(evidence.service, (probe) => probe.eventsWritten, full.fromMs, full.toMs)
  const inserted = points(evidence.postgres, (probe) => probe.rowsInserted, full.fromMs, full.toMs)
  const during = span(full.fromMs, full.toMs)
  for (const series of [written, inserted]) {
    const [first, last] = [series[0], series.at(-1)]
    if (first && last && last.value > first.value) return seen(`writes went on ${during}`, [first.ref, last.ref])
  }
  const isMeasured = written.length >= 2 || (inserted.length >= 2 && full.toMs - full.fromMs >= shortestForPostgresMs)
  return isMeasured
    ? absent(`nothing written ${during}`, full.refs)
    : notMeasurable('no readings of writes while the pool was full')
}
