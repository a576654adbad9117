import { join } from 'node:path'
import { recordFiles } from '../../record.ts'
import type { Line } from '../../sample.ts'
import type { Verdict } from '../../verdict.ts'
import { type AttemptLine, parseAttempt } from './attempt-line.ts'
import { bucketMs, Readings, Tally } from './buckets.ts'
import { type Found, readLastLine, readLines } from './lines.ts'

/** A line of the record that a verdict refers to. */
export interface Quote {
  readonly ref: string
  readonly kind: string
  readonly tMs: number
  readonly text: string
}

/** The course of a run, summed up over stretches of time, and the lines that the verdict's findings refer to. */
export interface Course {
  readonly fromMs: number
  readonly toMs: number
  /** Attempts of the load, by how they ended: `ok` or an error class; and their durations. */
  readonly requests: Tally
  /** Of memory, as fine as a picture can be. */
  readonly memory: Readings
  /** Of what is read a few times a second. */
  readonly probes: Readings
  /** Counters that rise: summed up over longer stretches. */
  readonly counters: Readings
  readonly quotes: ReadonlyMap<string, Quote>
  /** What happened, in order: lines of events.ndjson, at most so many. */
  readonly events: readonly Quote[]
  readonly eventsLeftOut: number
}

const mostEvents = 60
const longestQuote = 2_000

/** Reads a run's record once, in memory that does not grow with it. */
export async function readCourse(dir: string, verdict: Verdict): Promise<Course> {
  const { fromMs, toMs, exitMs } = await spanOf(dir)
  const spanMs = toMs - fromMs
  const requests = new Tally(bucketMs(spanMs, 300, 1_000))
  const memory = new Readings(bucketMs(spanMs, 600, 50))
  const probes = new Readings(bucketMs(spanMs, 600, 250))
  const counters = new Readings(bucketMs(spanMs, 300, 1_000))

  const wanted = wantedRefs(verdict)
  const quotes = new Map<string, Quote>()
  const quoteFrom = (file: string): Found => {
    const numbers = wanted.get(file)
    return (line, number, text) => {
      if (!numbers?.has(number)) return
      const ref = `${file}:${number}`
      quotes.set(ref, { ref, kind: line.kind, tMs: momentOf(line), text: cut(text) })
    }
  }

  const quoteSample = quoteFrom(recordFiles.samples)
  const takeSample: Found = (line, number, text) => {
    quoteSample(line, number, text)
    if (line.kind === 'attempt') tally(line as Line & Partial<AttemptLine>, requests, exitMs)
  }
  await readLines(join(dir, recordFiles.samples), takeSample, parseAttempt)

  const quoteProbe = quoteFrom(recordFiles.probes)
  await readLines(join(dir, recordFiles.probes), (line, number, text) => {
    quoteProbe(line, number, text)
    take(line, memory, probes, counters)
  })

  const quoteEvent = quoteFrom(recordFiles.events)
  const events: Quote[] = []
  let eventsLeftOut = 0
  await readLines(join(dir, recordFiles.events), (line, number, text) => {
    quoteEvent(line, number, text)
    if (events.length < mostEvents) {
      events.push({ ref: `${recordFiles.events}:${number}`, kind: line.kind, tMs: line.t, text: cut(text) })
    } else eventsLeftOut++
  })
  if (wanted.has(recordFiles.stored)) await readLines(join(dir, recordFiles.stored), quoteFrom(recordFiles.stored))
  return { fromMs, toMs, requests, memory, probes, counters, quotes, events, eventsLeftOut }
}

/** Counts an attempt of the load where it ended. What was sent after the service's exit says nothing about how long it took. */
function tally(line: Partial<AttemptLine>, requests: Tally, exitMs: number): void {
  const { phase, operation, intendedMs, startedMs, endedMs, failure } = line
  if (phase !== 'load' || !isTime(intendedMs) || !isTime(startedMs) || !isTime(endedMs)) return
  requests.count(failure?.errorClass ?? 'ok', endedMs)
  if (operation === 'query' || startedMs >= exitMs) return
  requests.duration('response', endedMs, endedMs - intendedMs)
  requests.duration('send delay', startedMs, startedMs - intendedMs)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** Puts each figure of a probe where it is drawn from. Kinds that are not known here are passed over. */
function take(line: Line & Readonly<Record<string, unknown>>, memory: Readings, probes: Readings, counters: Readings) {
  const { kind, t } = line
  switch (kind) {
    case 'cgroup':
      memory.add('memory', t, line.memoryBytes)
      memory.add('peak', t, line.memoryPeakBytes)
      for (const name of ['cpuUsageMs', 'periods', 'throttledPeriods', 'cpuWaitMs']) counters.add(name, t, line[name])
      return
    case 'part':
      memory.add(`part ${line.part}`, t, line.memoryBytes)
      return
    case 'health': {
      const status = line.status as number | null
      const isOk = status !== null && status >= 200 && status < 300
      probes.add(isOk ? 'health ok' : 'health fails', t, line.tookMs)
      return
    }
    case 'path': {
      const status = line.status as number | null
      const isOk = status !== null && status >= 200 && status < 300
      probes.add(`${line.path} ${isOk ? 'ok' : 'fails'}`, t, line.tookMs)
      return
    }
    case 'service':
    case 'postgres':
    case 'redis':
    case 'generator':
      for (const [name, value] of Object.entries(line)) if (name !== 't') probes.add(`${kind} ${name}`, t, value)
      // Published apart as a counter of all that ever were; what matters is how many there are.
      if (typeof line.requestsInProgress === 'number' && typeof line.requestsAwaitingAnswer === 'number') {
        probes.add('abandoned now', t, line.requestsInProgress - line.requestsAwaitingAnswer)
      }
  }
}

/** When an attempt ended is when it was seen; every other line is of the moment that it names. */
function momentOf(line: Line & { readonly endedMs?: unknown }): number {
  return line.kind === 'attempt' && typeof line.endedMs === 'number' ? line.endedMs : line.t
}

/** From the start of the record to its end. A harness that died leaves no end: then to the last thing that was read. */
async function spanOf(dir: string): Promise<{ fromMs: number; toMs: number; exitMs: number }> {
  let fromMs = 0
  let toMs = 1_000
  let exitMs = Number.POSITIVE_INFINITY
  await readLines(join(dir, recordFiles.events), ({ kind, t }) => {
    if (kind === 'limits') fromMs = Math.max(-10_000, Math.min(fromMs, t))
    if (kind === 'exit') exitMs = Math.min(exitMs, t)
    toMs = Math.max(toMs, t)
  })
  const last = await readLastLine(join(dir, recordFiles.probes))
  if (typeof last?.t === 'number') toMs = Math.max(toMs, last.t)
  return { fromMs: Math.floor(fromMs / 1_000) * 1_000, toMs: Math.ceil(toMs), exitMs }
}

function wantedRefs({ findings, timeline }: Verdict): Map<string, Set<number>> {
  const wanted = new Map<string, Set<number>>()
  const refs = [
    ...findings.flatMap(({ observations }) => observations.flatMap((one) => one.refs)),
    ...timeline.errors.map((span) => span.firstRef),
  ]
  for (const ref of refs) {
    const [, file, number] = /^(.+):(\d+)$/.exec(ref) ?? []
    if (file === undefined) continue
    const numbers = wanted.get(file) ?? new Set()
    wanted.set(file, numbers.add(Number(number)))
  }
  return wanted
}

function cut(text: string): string {
  return text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text
}
