import { median, quantile } from 'simple-statistics'
import type { Evidence, Recorded } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { allowedSendDelayMs, attemptsBeforeFirstError, firstErrorMs, writeAttempts } from '../measure.ts'
import type { Attempt } from '../sample.ts'
import { formatMs } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { absent, notMeasurable, seen } from './observe.ts'

/** Below this many sends a 99th percentile is one send. */
const fewestSends = 20
/** Of so many the 99th percentile is ten sends: more than one stall of the machine. */
const lastSends = 1_000
/** How often the generator's own probe comes; a line of it speaks of the time since the one before it. */
const probedMs = 1_000

export const generatorSaturated: Hypothesis = {
  name: 'generator-saturated',
  label: 'generator saturated',
  role: 'instrument',
  claim: 'The load generator itself sent too late, so that what it measured is its own tiredness.',
  phrase: 'a saturated load generator',
  perturbations: { none: 'the instrument is no cause of a crash' },
  predictions: [
    {
      statement:
        'p99 of the send delay before the first error, of all sends or of the last 1,000, is above 2 % of the client timeout, and above 50 ms; or sends failed for want of descriptors or ports before any other error',
      necessary: true,
      observe(evidence) {
        if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const unsent = unsentBeforeAnyError(evidence)
        if (unsent) return unsent
        const attempts = attemptsBeforeFirstError(evidence)
        if (attempts.length < fewestSends) {
          // Threads that send have event loops of their own, which nobody measured.
          if (evidence.load.workers !== undefined) return notMeasurable(fewSends(evidence, attempts))
          return eventLoopDelay(evidence, attempts)
        }
        const last = lastOf(attempts)
        const [allMs, lastMs] = [attempts, last].map(p99DelayMs) as [number, number]
        const limitMs = allowedSendDelayMs(evidence)
        const isLast = lastMs > limitMs && allMs <= limitMs
        const latest = (isLast ? last : attempts).reduce((a, b) => (delayMs(b) > delayMs(a) ? b : a))
        const of = isLast ? ` of the last ${last.length} sends` : ''
        const because = `send delay p99${of} ${formatMs(isLast ? lastMs : allMs)} of ${formatMs(limitMs)} allowed`
        return Math.max(allMs, lastMs) > limitMs ? seen(because, [latest.ref]) : absent(because, [latest.ref])
      },
    },
  ],
  given: ({ load }) => (load.emitter === 'closed-loop' ? closedLoop : null),
}

/** Of one CPU, which is all that a generator of one thread can use. */
const busyPercent = 90

/** A closed loop has no time at which a request was due: a tired generator makes it slower, and nothing late. */
const closedLoop: Partial<Hypothesis> = {
  claim: 'The load generator itself was the slower end of the closed loop, so that what it measured is its own speed.',
  predictions: [
    {
      statement: `the generator used ${busyPercent} % of a CPU and more in most seconds of the loop`,
      necessary: true,
      observe(evidence) {
        const lastSentMs = writeAttempts(evidence).reduce((last, attempt) => Math.max(last, attempt.startedMs), 0)
        // Each speaks of the second that ends with it.
        const probes = evidence.generator.filter(({ t }) => t >= probedMs && t <= lastSentMs)
        const busiest = probes.reduce(
          (a, b) => (b.cpuPercent > a.cpuPercent ? b : a),
          probes[0] ?? { cpuPercent: 0, ref: '' },
        )
        if (probes.length === 0) return notMeasurable('no whole second of the loop was measured at the generator')
        const middle = median(probes.map(({ cpuPercent }) => cpuPercent))
        const because = `the generator used ${middle.toFixed(0)} % of a CPU in the median second`
        return middle >= busyPercent ? seen(because, [busiest.ref]) : absent(because, [busiest.ref])
      },
    },
  ],
}

/** What a process, or its machine, has no more of: the request never left. */
const exhausted: Readonly<Record<string, string>> = {
  EMFILE: 'file descriptors',
  ENFILE: 'file descriptors of the machine',
  EADDRNOTAVAIL: 'local ports',
  ENOBUFS: 'socket buffers',
}

/** Later on, a generator may have so many connections open for the service's sake. */
function unsentBeforeAnyError(evidence: Evidence): Observed | null {
  const failed = writeAttempts(evidence).filter(({ failure }) => failure !== null)
  const isUnsent = ({ failure }: Attempt) => failure?.code !== undefined && failure.code in exhausted
  const firstMs = failed
    .filter((attempt) => !isUnsent(attempt))
    .reduce((first, { endedMs }) => Math.min(first, endedMs), Number.POSITIVE_INFINITY)
  const unsent = failed.filter((attempt) => isUnsent(attempt) && attempt.endedMs <= firstMs)
  const [first] = unsent
  if (!first) return null
  const what = exhausted[first.failure?.code ?? '']
  const sends = `${unsent.length} ${unsent.length === 1 ? 'send' : 'sends'}`
  return seen(`${sends} failed for want of ${what} before any other error`, [first.ref])
}

function delayMs({ startedMs, intendedMs }: Attempt): number {
  return Math.max(0, startedMs - intendedMs)
}

function p99DelayMs(attempts: readonly Attempt[]): number {
  return quantile(attempts.map(delayMs), 0.99)
}

/** Those due last: under a load that rises, a generator tires just when it matters, and hours before it hide that. */
function lastOf(attempts: readonly Recorded<Attempt>[]): Recorded<Attempt>[] {
  return attempts.toSorted((a, b) => a.intendedMs - b.intendedMs).slice(-lastSends)
}

/**
 * With too few sends to go by, the generator's own event loop: what holds it up holds up every send. Its 99th percentile
 * must be beyond the limit before the first error, for later on it may be the service's doing; its longest delay must be
 * within the limit over all the time of the sends, for a single stall can meet a few sends all at once.
 */
function eventLoopDelay(evidence: Evidence, attempts: readonly Recorded<Attempt>[]): Observed {
  const few = fewSends(evidence, attempts)
  const lastSentMs = writeAttempts(evidence).reduce((last, attempt) => Math.max(last, attempt.startedMs), 0)
  const untilMs = Math.min(firstErrorMs(evidence), lastSentMs)
  const limitMs = allowedSendDelayMs(evidence)
  const after = evidence.generator.find((probe) => probe.t > 0 && probe.t >= untilMs)
  const probes = evidence.generator.filter((probe) => probe.t > 0 && probe.t <= (after?.t ?? untilMs))
  const tired = probes.find((probe) => probe.t <= firstErrorMs(evidence) && probe.eventLoopDelayP99Ms > limitMs)
  if (tired) {
    const p99 = formatMs(tired.eventLoopDelayP99Ms)
    return seen(`event loop delay p99 ${p99} of ${formatMs(limitMs)} allowed`, [tired.ref])
  }
  const first = probes[0]
  const isWhole = probes.every((probe, index) => probe.t - (probes[index - 1]?.t ?? 0) <= 2 * probedMs)
  if (!first || !after || !isWhole) return notMeasurable(few)
  const worst = probes.reduce((a, b) => (b.eventLoopDelayMaxMs > a.eventLoopDelayMaxMs ? b : a), first)
  const because = `event loop delay at most ${formatMs(worst.eventLoopDelayMaxMs)} of ${formatMs(limitMs)} allowed`
  return worst.eventLoopDelayMaxMs <= limitMs ? absent(because, [worst.ref]) : notMeasurable(few)
}

function fewSends(evidence: Evidence, attempts: readonly Attempt[]): string {
  const hasErrors = firstErrorMs(evidence) < Number.POSITIVE_INFINITY
  return `only ${attempts.length} sends${hasErrors ? ' before the first error' : ''}`
}
