import { median, quantile } from 'simple-statistics'
import type { Evidence } from '../evidence.ts'
import { deathMs, failedAttempts, highest, points, watchedUntilMs } from '../measure.ts'
import type { Figures } from '../prediction.ts'
import { formatBytes } from '../units.ts'

/** What a record says of the figures; `null`: it does not say, and `missing` says why. */
export interface MeasuredFigures {
  readonly workMsPerEvent: number | null
  readonly takeMsPerEvent: number
  readonly heldBytesPerEvent: number | null
  readonly baselineBytes: number | null
  readonly maxAwaitingAnswer: number | null
  readonly writers: number
  readonly cpuShare: number
  readonly missing: readonly string[]
}

/** Fewer are no basis: a figure would be that of single events, or of the probes' own coarseness. */
const leastEvents = 10
/** Of the highest backlog: below this, what a process takes for its own comfort outweighs what events hold. */
const largeShare = 0.25
/** Memory lags behind the backlog while it is being taken, so the middle of the ratios is too small. */
const settledQuantile = 0.9
/** Memory that caught up stays at its ratio for a while: so far below the highest ones they are still the same. */
const caughtUpQuantile = 0.75
const caughtUpWithin = 1.05
/** Of the memory limit: where less is used, it does not matter whether memory caught up. */
const worthAsking = 0.5

/** Reads the figures from a record. It looks at nothing else: what the service was told to do is not asked. */
export function measureFigures(evidence: Evidence): MeasuredFigures {
  const readings = readAll(evidence)
  const baselineBytes = baseline(evidence)
  const writers = countWriters(readings)
  const { held, why } = heldBytesPerEvent(readings, baselineBytes, evidence.limits.memoryLimitBytes)
  const windows = busyWindows(readings, writers, held)
  const written = sum(windows, (window) => window.written)
  const missing = why === null ? [] : [`the memory of an event: ${why}`]
  if (written < leastEvents) {
    missing.push(`the work of an event: fewer than ${leastEvents} were written while requests waited for a writer`)
  }
  const cpus = evidence.appliedLimits?.cpus ?? evidence.limits.cpus
  return {
    ...(written < leastEvents ? noWork : work(windows, cpus)),
    heldBytesPerEvent: held,
    baselineBytes,
    maxAwaitingAnswer: cap(evidence),
    writers,
    missing,
  }
}

/** The figures that a prediction is computed from, where the record, or the user, gives all that is needed. */
export function completeFigures(
  measured: MeasuredFigures | null,
  given: { readonly [K in keyof Figures]?: Figures[K] | undefined },
): Figures | null {
  const workMsPerEvent = given.workMsPerEvent ?? measured?.workMsPerEvent ?? null
  const heldBytesPerEvent = given.heldBytesPerEvent ?? measured?.heldBytesPerEvent ?? null
  if (workMsPerEvent === null || heldBytesPerEvent === null) return null
  // Memory is taken page by page: half of it takes half as long.
  const size = measured?.heldBytesPerEvent ? heldBytesPerEvent / measured.heldBytesPerEvent : 1
  return {
    workMsPerEvent,
    takeMsPerEvent: Math.min(workMsPerEvent, (measured?.takeMsPerEvent ?? 0) * size),
    heldBytesPerEvent,
    baselineBytes: given.baselineBytes ?? measured?.baselineBytes ?? 0,
    maxAwaitingAnswer: given.maxAwaitingAnswer ?? measured?.maxAwaitingAnswer ?? null,
    writers: measured?.writers ?? 1,
    cpuShare: measured?.cpuShare ?? 1,
  }
}

/** The service's own figures at a moment, and the counters as they stood then. `null`: not measured. */
interface Reading {
  readonly t: number
  readonly pending: number
  readonly written: number
  readonly inProgress: number | null
  readonly poolInUse: number | null
  readonly memoryBytes: number | null
  readonly cpuMs: number | null
}

function readAll(evidence: Evidence): Reading[] {
  const untilMs = watchedUntilMs(evidence) ?? Number.POSITIVE_INFINITY
  const memory = points(evidence.cgroup, (probe) => probe.memoryBytes)
  const cpu = points(evidence.cgroup, (probe) => probe.cpuUsageMs)
  let [memoryAt, cpuAt] = [0, 0]
  const readings: Reading[] = []
  for (const { t, eventsPending, eventsWritten, requestsInProgress, poolInUse } of evidence.service) {
    if (t < 0 || t > untilMs || eventsPending === null || eventsWritten === null) continue
    while ((memory[memoryAt]?.t ?? Number.POSITIVE_INFINITY) <= t) memoryAt++
    while ((cpu[cpuAt]?.t ?? Number.POSITIVE_INFINITY) <= t) cpuAt++
    readings.push({
      t,
      pending: eventsPending,
      written: eventsWritten,
      inProgress: requestsInProgress,
      poolInUse,
      memoryBytes: memory[memoryAt - 1]?.value ?? null,
      cpuMs: cpu[cpuAt - 1]?.value ?? null,
    })
  }
  return readings
}

function baseline({ cgroup }: Evidence): number | null {
  const used = points(cgroup, (probe) => probe.memoryBytes)
  return (used.findLast((point) => point.t <= 0) ?? used[0])?.value ?? null
}

/** Those with a large backlog. */
function largest(readings: readonly Reading[]): Reading[] {
  const least = largeShare * Math.max(0, ...readings.map(({ pending }) => pending))
  return readings.filter(({ pending }) => pending > 0 && pending >= least)
}

/** Connections in use while there was much to do: one for each request that is being written. */
function countWriters(readings: readonly Reading[]): number {
  const inUse = largest(readings).flatMap(({ poolInUse }) => poolInUse ?? [])
  return inUse.length === 0 ? 1 : Math.max(1, Math.round(median(inUse)))
}

/** What memory there was beyond the baseline, per pending event, once it had caught up with the backlog. */
function heldBytesPerEvent(
  readings: readonly Reading[],
  baselineBytes: number | null,
  limitBytes: number,
): { held: number | null; why: string | null } {
  if (!readings.some(({ pending }) => pending >= leastEvents)) {
    return { held: null, why: `the backlog was not seen to reach ${leastEvents} events` }
  }
  const large = largest(readings).flatMap(({ pending, memoryBytes: bytes }) =>
    bytes === null || baselineBytes === null ? [] : [{ bytes, each: (bytes - baselineBytes) / pending }],
  )
  if (large.length === 0) return { held: null, why: 'memory was not measured' }
  const each = large.map((reading) => reading.each)
  const held = Math.max(0, quantile(each, settledQuantile))
  const share = Math.max(...large.map(({ bytes }) => bytes)) / limitBytes
  if (share >= worthAsking && quantile(each, caughtUpQuantile) < held / caughtUpWithin) {
    return {
      held: null,
      why: `it was not seen to catch up with the backlog, so ${formatBytes(held)} may be too little`,
    }
  }
  return { held, why: null }
}

/** A stretch of time with more requests in progress than are written at the same time. */
interface Window {
  readonly durationMs: number
  readonly written: number
  /** Events whose memory was taken. */
  readonly taken: number
  /** `null`: there is no such counter. */
  readonly cpuMs: number | null
}

/**
 * Events are counted when they are committed: in a shorter time they come so unevenly that a fit takes their number for
 * noise, and finds too little work (of 108 ms per event 97 in windows of 250 ms, and no more change from 1 s on).
 */
const windowMs = 1_000

function busyWindows(readings: readonly Reading[], writers: number, heldBytes: number | null): Window[] {
  const isBusy = ({ inProgress }: Reading) => inProgress !== null && inProgress > writers
  return readings.flatMap((from, index) => {
    const length = readings.slice(index).findIndex(({ t }) => t >= from.t + windowMs)
    const to = readings[index + length]
    if (length < 0 || !to || !readings.slice(index, index + length + 1).every(isBusy)) return []
    const written = to.written - from.written
    const grownBytes = from.memoryBytes === null || to.memoryBytes === null ? null : to.memoryBytes - from.memoryBytes
    return {
      durationMs: to.t - from.t,
      written,
      taken: heldBytes && grownBytes !== null ? Math.max(0, written + grownBytes / heldBytes) : written,
      cpuMs: from.cpuMs === null || to.cpuMs === null ? null : to.cpuMs - from.cpuMs,
    }
  })
}

type Work = Pick<MeasuredFigures, 'workMsPerEvent' | 'takeMsPerEvent' | 'cpuShare'>
const noWork: Work = { workMsPerEvent: null, takeMsPerEvent: 0, cpuShare: 1 }

/**
 * CPU time per event, and of that the part to take its memory: the two that explain best (least squares) how much CPU
 * was used in each window, since a growing backlog takes memory and writes little, a shrinking one the reverse.
 */
function work(windows: readonly Window[], cpus: number): Work {
  const isCounted = windows.every((window) => window.cpuMs !== null)
  // Without a counter, the service is taken to have used all of its limit.
  const cpuOf = ({ cpuMs, durationMs }: Window) => (isCounted ? (cpuMs ?? 0) : durationMs * cpus)
  const cpuShare = sum(windows, cpuOf) / (sum(windows, (window) => window.durationMs) * cpus)
  const ww = sum(windows, ({ written }) => written ** 2)
  const wt = sum(windows, ({ written, taken }) => written * taken)
  const tt = sum(windows, ({ taken }) => taken ** 2)
  const cw = sum(windows, (window) => cpuOf(window) * window.written)
  const ct = sum(windows, (window) => cpuOf(window) * window.taken)
  const determinant = ww * tt - wt ** 2
  const writeMs = (cw * tt - ct * wt) / determinant
  const takeMs = (ct * ww - cw * wt) / determinant
  const isTold = determinant > leastDifference * ww * tt && writeMs > 0 && takeMs > 0
  if (isTold) return { workMsPerEvent: writeMs + takeMs, takeMsPerEvent: takeMs, cpuShare }
  return {
    workMsPerEvent: sum(windows, cpuOf) / sum(windows, ({ written }) => written),
    takeMsPerEvent: 0,
    cpuShare,
  }
}

/** Where taking goes along with writing more closely than this, the two cannot be told apart: all is called writing. */
const leastDifference = 1e-3

/** Requests that await their answer never were more than this, while further ones were reset. `null`: none was reset. */
function cap(evidence: Evidence): number | null {
  const untilMs = deathMs(evidence) ?? Number.POSITIVE_INFINITY
  const counted = highest(points(evidence.service, (probe) => probe.requestsReset, 0, untilMs))?.value
  const seen = () => failedAttempts(evidence, ['reset']).filter((attempt) => attempt.endedMs < untilMs).length
  if ((counted ?? seen()) === 0) return null
  return highest(points(evidence.service, (probe) => probe.requestsAwaitingAnswer, 0, untilMs))?.value ?? null
}

function sum(windows: readonly Window[], of: (window: Window) => number): number {
  return windows.reduce((total, window) => total + of(window), 0)
}
