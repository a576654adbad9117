import { median } from 'simple-statistics'
import { type ClientEvents, countDistinct } from './event-ledger.ts'
import type { Evidence, Recorded } from './evidence.ts'
import type { Attempt, ClientSummary, Line } from './sample.ts'

/** One figure of one line of the record. */
export interface Point {
  /** Milliseconds since the burst. */
  readonly t: number
  readonly value: number
  readonly ref: string
}

/** A stretch of the run, in milliseconds since the burst. */
export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
}

/** One figure over time; lines that do not carry it are left out. */
export function points<T extends Line>(
  lines: readonly Recorded<T>[],
  pick: (line: T) => number | null,
  fromMs = Number.NEGATIVE_INFINITY,
  toMs = Number.POSITIVE_INFINITY,
): Point[] {
  return lines.flatMap((line) => {
    const value = pick(line)
    return value === null || line.t < fromMs || line.t > toMs ? [] : [{ t: line.t, value, ref: line.ref }]
  })
}

/** The first of the highest points. */
export function highest(series: readonly Point[]): Point | undefined {
  return series.reduce<Point | undefined>(
    (best, point) => (best && best.value >= point.value ? best : point),
    undefined,
  )
}

/**
 * Whether the service died, as far as the record says. A record that speaks of a death but lacks the exit cannot say how.
 * Of a service whose process nobody here can see, answers all along and at the end show that it lives; silence shows
 * nothing, and one that gave no connection for a while may have died and been started again.
 */
export function fate(evidence: Evidence): 'died' | 'alive' | 'unknown' {
  const { exit, end } = evidence
  if (exit) return 'died'
  if (!end || end.reason === 'died') return 'unknown'
  if (isProcessSeen(evidence)) return 'alive'
  return answeredAt(evidence, end.t) && connectionLostMs(evidence) === null ? 'alive' : 'unknown'
}

/** Whether somebody here would notice the end of the service's process. */
export function isProcessSeen({ stackReady }: Evidence): boolean {
  return stackReady?.pid !== null
}

/** How long before the end of a run an answer still speaks of the end. */
const lastAnswerMs = 3_000

function answeredAt({ health }: Evidence, endMs: number): boolean {
  const last = health.at(-1)
  return last !== undefined && last.status !== null && last.t >= endMs - lastAnswerMs
}

/** When the service's health could not be asked for want of a connection, for the first time since the burst. */
export function connectionLostMs({ health }: Evidence): number | null {
  const lost = health.find(({ t, failure }) => {
    return t >= 0 && (failure?.errorClass === 'refused' || failure?.errorClass === 'reset')
  })
  return lost?.t ?? null
}

/** The kernel frees a killed process's memory before its end can be noticed: for gigabytes, that takes this long at most. */
const dyingMs = 500

/**
 * When the service died, as early as the record can tell: when the kernel's own counter rose, if that was right before a
 * SIGKILL; else when its end was noticed. The end is noticed in no fixed order with what clients see of it (once, a
 * connection was refused 0.4 ms earlier). `null`: it did not die.
 */
export function deathMs({ exit, cgroup }: Evidence): number | null {
  if (!exit) return null
  if (exit.signal !== 'SIGKILL') return exit.t
  const readings = points(cgroup, (probe) => probe.oomKills, exit.t - dyingMs, exit.t)
  const killed = readings.find((reading, index) => index > 0 && reading.value > (readings[index - 1]?.value ?? 0))
  return killed?.t ?? exit.t
}

/** Until when the service could be watched: its death, else the end of the run. `null`: the record does not say. */
export function watchedUntilMs(evidence: Evidence): number | null {
  return evidence.exit?.t ?? evidence.end?.t ?? null
}

/** Whether an attempt carried events of the load: a batch of them or a single one. */
export function isLoadWrite({ phase, operation }: Attempt): boolean {
  return phase === 'load' && operation !== 'query'
}

/** The load's attempts to write events that found a living service: what came after the death says nothing about it. */
export function writeAttempts(evidence: Evidence): Recorded<Attempt>[] {
  const untilMs = evidence.exit?.t ?? Number.POSITIVE_INFINITY
  return evidence.attempts.filter((attempt) => isLoadWrite(attempt) && attempt.startedMs < untilMs)
}

/** Attempts to write events that ended in one of these errors before the service died, by the time of the error. */
export function failedAttempts(
  evidence: Evidence,
  classes: readonly NonNullable<Attempt['failure']>['errorClass'][],
): Recorded<Attempt>[] {
  const untilMs = watchedUntilMs(evidence) ?? Number.POSITIVE_INFINITY
  return writeAttempts(evidence)
    .filter((attempt) => attempt.failure && classes.includes(attempt.failure.errorClass) && attempt.endedMs <= untilMs)
    .sort((a, b) => a.endedMs - b.endedMs)
}

/** When the first write failed. Infinity: none did. */
export function firstErrorMs(evidence: Evidence): number {
  return writeAttempts(evidence).reduce(
    (first, attempt) => (attempt.outcome === 'ok' ? first : Math.min(first, attempt.endedMs)),
    Number.POSITIVE_INFINITY,
  )
}

/** Writes intended before the first of them failed: later on, a generator may look tired for the service's sake. */
export function attemptsBeforeFirstError(evidence: Evidence): Recorded<Attempt>[] {
  const untilMs = firstErrorMs(evidence)
  return writeAttempts(evidence).filter((attempt) => attempt.intendedMs < untilMs)
}

/** Of the client's timeout: a delay this small cannot turn an answer into a timeout, a larger one may. */
const allowedDelayShare = 0.02
/**
 * A shared machine with two cores has stalls of 20 to 50 ms without being tired (measured: also while the service does
 * nothing), and a burst puts a tenth of its sends into one of them. With timeouts of a second and more, 50 ms decide nothing.
 */
const alwaysAllowedDelayMs = 50

/** A send that comes later than this after it was due is late. */
export function allowedSendDelayMs({ client }: Evidence): number {
  return Math.max(alwaysAllowedDelayMs, allowedDelayShare * client.timeoutMs)
}

/** What the load's clients had done at the end; the warm-up's own client is none of them. */
export function loadClients(evidence: Evidence): Recorded<ClientSummary>[] {
  return evidence.clients.filter((client) => client.client !== 'warm-up')
}

/** What a client had sent when the run ended, and not heard of since. */
export function openRangesOf({ client, inFlight }: ClientSummary): ClientEvents[] {
  // The first records have one range or none, since a buffered client has one request in flight at most.
  return [inFlight ?? []].flat().map((range) => ({ client, ...range }))
}

/** How often an event was sent before the death, on average. `null`: nothing was sent. */
export function attemptsPerEvent(evidence: Evidence): number | null {
  const attempts = writeAttempts(evidence)
  const distinct = countDistinct(attempts)
  return distinct === 0 ? null : attempts.reduce((sum, attempt) => sum + attempt.events, 0) / distinct
}

/** When the service had work: a request of the load was open, or the service itself said that events were pending. */
export function pendingStretches(evidence: Evidence): Stretch[] {
  const untilMs = watchedUntilMs(evidence) ?? Number.POSITIVE_INFINITY
  const open = writeAttempts(evidence).map((attempt) => ({ fromMs: attempt.startedMs, toMs: attempt.endedMs }))
  const pending = points(evidence.service, (probe) => probe.eventsPending, 0)
  const stated = pending.flatMap((point, index) => {
    const next = pending[index + 1]
    return next && point.value > 0 && next.value > 0 ? [{ fromMs: point.t, toMs: next.t }] : []
  })
  const merged: { fromMs: number; toMs: number }[] = []
  for (const { fromMs, toMs } of [...open, ...stated].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1)
    if (last && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs)
    else if (fromMs < untilMs) merged.push({ fromMs, toMs })
  }
  return merged.map(({ fromMs, toMs }) => ({ fromMs, toMs: Math.min(toMs, untilMs) }))
}

/** Events/s that the service committed while it had events pending. `null`: it does not publish both figures. */
export function effectiveWriteRatePerSec(evidence: Evidence): number | null {
  const untilMs = watchedUntilMs(evidence) ?? Number.POSITIVE_INFINITY
  let written = 0
  let durationMs = 0
  const probes = evidence.service.filter((probe) => probe.t >= 0 && probe.t <= untilMs)
  const complete = probes.filter((probe) => probe.eventsPending !== null && probe.eventsWritten !== null)
  for (const [index, probe] of complete.entries()) {
    const next = complete[index + 1]
    if (!next || !probe.eventsPending || !next.eventsPending) continue
    written += (next.eventsWritten ?? 0) - (probe.eventsWritten ?? 0)
    durationMs += next.t - probe.t
  }
  return durationMs === 0 ? null : (written / durationMs) * 1000
}

/**
 * A longer silence of a probe may hide what is looked for: a state that makes clients give up lasts about as long as they
 * wait. Two seconds at most, which is eight readings of the probes that come four times a second.
 */
export function longestSilenceMs(evidence: Evidence): number {
  return Math.min(2_000, evidence.client.timeoutMs)
}

/** Events/s that the service wrote when it had one at a time and nothing else to do. `null`: there was no warm-up. */
export function warmUpWriteRatePerSec(evidence: Evidence): number | null {
  const written = evidence.attempts.filter(
    ({ phase, operation, outcome }) => phase === 'warm-up' && operation !== 'query' && outcome === 'ok',
  )
  if (written.length === 0) return null
  const durationMs = median(written.map((attempt) => (attempt.endedMs - attempt.startedMs) / attempt.events))
  return durationMs > 0 ? 1000 / durationMs : null
}

/** The longest time within a stretch without a reading, its edges included. */
export function longestGapMs(series: readonly Point[], stretch: Stretch): number {
  return gaps(series, stretch).reduce((longest, { fromMs, toMs }) => Math.max(longest, toMs - fromMs), 0)
}

/** The times within a stretch between one reading and the next, its edges included. */
export function gaps(series: readonly Point[], { fromMs, toMs }: Stretch): Stretch[] {
  const times = series.map((point) => point.t).filter((t) => t > fromMs && t < toMs)
  // A reading at an edge, or just outside it, covers the edge as well as one that hits it.
  const before = series.findLast((point) => point.t <= fromMs)
  const after = series.find((point) => point.t >= toMs)
  const marks = [...(before ? [fromMs] : []), ...times, ...(after ? [toMs] : [])]
  if (marks.length === 0) return [{ fromMs, toMs }]
  return [...(before ? [] : [fromMs]), ...marks].map((from, index, all) => ({
    fromMs: from,
    toMs: all[index + 1] ?? toMs,
  }))
}

/**
 * The first item that is as asked, where all behind it are, too; else the length. An hour has too many readings and requests
 * to look at all of the ones for each of the others.
 */
export function firstIndex<T>(items: readonly T[], isIt: (item: T) => boolean): number {
  let [from, to] = [0, items.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (isIt(items[middle] as T)) to = middle
    else from = middle + 1
  }
  return from
}
