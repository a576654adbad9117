import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { failedAttempts, longestGapMs, longestSilenceMs, type Stretch, writeAttempts } from '../measure.ts'
import { formatAt } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { absent, absentIfWatched, notMeasurable, seen, seenSince, span, watched } from './observe.ts'

/** Ended by an administrator, a crash of another process, or not ready to take connections: PostgreSQL's class 57P. */
const goneStates = ['57P01', '57P02', '57P03']
/** What a client's library calls it when there is nobody to talk to, or nobody any more. */
const refusedCodes = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', ...goneStates]
/** Signs that are farther apart belong to two outages. */
const sameMs = 3_000
/** PostgreSQL's word of its end, and what the service makes of it, come by different ways. */
const apartMs = 250

interface Outage extends Stretch {
  readonly because: string
  readonly refs: readonly string[]
}

interface Sign {
  readonly t: number
  readonly what: string
  readonly ref: string
}

export const databaseDown: Hypothesis = {
  name: 'database-down',
  label: 'database down',
  role: 'trigger',
  claim: 'PostgreSQL was shut down, restarted or not to be reached: what depends on it failed.',
  phrase: 'a database that was down',
  perturbations: { none: 'no knob of a run keeps a database from being shut down' },
  predictions: [
    {
      statement: 'PostgreSQL ends sessions (57P01, 57P02), takes none (57P03), or refuses connections',
      necessary: true,
      observe(evidence) {
        const window = watched(evidence)
        if (!('untilMs' in window)) return window
        const first = outages(evidence, window.untilMs)[0]
        if (first) return seenSince(first.fromMs, first.because, first.refs)
        return neverGone(evidence, window.untilMs)
      },
    },
    {
      statement: 'requests that were open at that time fail with 5xx, or time out',
      necessary: true,
      observe: requestsFail,
    },
    {
      statement: 'writes had gone on until then',
      necessary: false,
      observe(evidence) {
        const outage = harmfulOutage(evidence)
        if (!outage) return notMeasurable('no outage was seen')
        const before = writeAttempts(evidence).find(
          (attempt) => attempt.outcome === 'ok' && attempt.endedMs < outage.fromMs,
        )
        return before
          ? seen(`writes were answered from ${formatAt(before.endedMs)} on`, [before.ref])
          : absent('no write had been answered before')
      },
    },
  ],
}

function requestsFail(evidence: Evidence): Observed {
  if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
  const outage = harmfulOutage(evidence)
  if (outage) {
    const harmed = harmedBy(evidence, outage)
    return seen(
      `${harmed.length} timeouts or 5xx ${span(outage.fromMs, outage.toMs)}`,
      harmed[0] ? [harmed[0].ref] : [],
    )
  }
  const window = watched(evidence)
  const wasGone = 'untilMs' in window && outages(evidence, window.untilMs).length > 0
  return wasGone || failedAttempts(evidence, ['timeout', '5xx']).length === 0
    ? absentIfWatched(evidence, 'no timeout and no 5xx at that time')
    : notMeasurable('requests failed, but no outage was seen')
}

function harmfulOutage(evidence: Evidence): Outage | null {
  const window = watched(evidence)
  if (!('untilMs' in window)) return null
  return outages(evidence, window.untilMs).find((outage) => harmedBy(evidence, outage).length > 0) ?? null
}

/** What failed before the database was gone is another's doing. */
function harmedBy(evidence: Evidence, { fromMs, toMs }: Outage) {
  return failedAttempts(evidence, ['timeout', '5xx']).filter((attempt) => {
    return attempt.endedMs >= fromMs - apartMs && attempt.startedMs <= toMs
  })
}

/** Times in which the database was gone, from its own log and from the harness's probe of it. */
function outages(evidence: Evidence, untilMs: number): Outage[] {
  const signs = [...loggedSigns(evidence), ...probedSigns(evidence)]
    .filter(({ t }) => t >= 0 && t <= untilMs)
    .sort((a, b) => a.t - b.t)
  const groups: Sign[][] = []
  for (const sign of signs) {
    const last = groups.at(-1)?.at(-1)
    if (last && sign.t - last.t <= sameMs) groups.at(-1)?.push(sign)
    else groups.push([sign])
  }
  return groups.flatMap((group) => {
    const [first, last] = [group[0], group.at(-1)]
    if (!first || !last) return []
    const kinds = [...new Set(group.map(({ what }) => what))].slice(0, 3)
    const because = `${kinds.join(', ')} ${group.length > 1 ? span(first.t, last.t) : `at ${formatAt(first.t)}`}`
    return [{ fromMs: first.t, toMs: last.t, because, refs: [first.ref, last.ref] }]
  })
}

function loggedSigns({ postgresLog }: Evidence): Sign[] {
  return postgresLog
    .filter(({ sqlState }) => goneStates.includes(sqlState))
    .map(({ t, sqlState, ref }) => ({ t, what: sqlState, ref }))
}

/** A reading that took too long is no sign: a machine that is busy does that too. */
function probedSigns({ probeFailures }: Evidence): Sign[] {
  return probeFailures.flatMap(({ probe, code, t, ref }) => {
    const isGone = probe === 'postgres' && code !== undefined && refusedCodes.includes(code)
    return isGone ? [{ t, what: code === 'ECONNREFUSED' ? 'refused' : code, ref }] : []
  })
}

/** Answered all the time, a database was not gone for longer than a reading takes; and it would have said so. */
function neverGone(evidence: Evidence, untilMs: number): Observed {
  const answers = evidence.postgres.map(({ t, ref }) => ({ t, value: 1, ref }))
  const firstMs = writeAttempts(evidence).reduce((first, attempt) => Math.min(first, attempt.startedMs), untilMs)
  if (longestGapMs(answers, { fromMs: firstMs, toMs: untilMs }) > longestSilenceMs(evidence)) {
    return notMeasurable('no readings of PostgreSQL that cover the run')
  }
  return absent('PostgreSQL answered all the time', answers.at(-1) ? [answers.at(-1)?.ref ?? ''] : [])
}
