import type { Evidence, Recorded } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { failedAttempts, longestGapMs, points, type Stretch, watchedUntilMs, writeAttempts } from '../measure.ts'
import type { ProcessState } from '../probe-line.ts'
import type { Observed } from '../verdict.ts'
import { absent, absentIfWatched, notMeasurable, percent, seen, seenSince, span, watched } from './observe.ts'
import { oomKillAtDeath } from './oom-kill.ts'
import { postgresLagMs, writeTicks } from './progress.ts'

/** A stall this long is none of a garbage collector's or of a CFS period's. */
const shortestMs = 1_000
/** Of the clients' patience: a shorter one makes nobody give up. */
const patienceShare = 0.4
/** Of one CPU, or of the quota where it is less. */
const busyShare = 0.7
/** Of the readings, and of the CPU, where neighbours have the rest of it. */
const readyShare = 0.9
const crowdedShare = 0.25
/** Of the CPU time of all threads: below that, others than the main thread keep the process busy. */
const mainShare = 0.7
/** At its memory limit a process burns CPU looking for memory before the kernel kills it. */
const thrashingMs = 1_500

/** A time without any answer of the service's, not to the simplest question. */
interface Stall extends Stretch {
  readonly refs: readonly string[]
}

export const blockedEventLoop: Hypothesis = {
  name: 'blocked-event-loop',
  label: 'blocked event loop',
  role: 'trigger',
  claim: "One computation on the service's main thread held up its event loop: nothing was read or answered meanwhile.",
  phrase: 'a blocked event loop',
  perturbations: { none: 'no knob of a run shortens a computation' },
  predictions: [
    {
      statement: 'the service gives no sign of life for a second and longer, although it has not died',
      necessary: true,
      observe(evidence) {
        const window = watched(evidence)
        if (!('untilMs' in window)) return window
        const stall = longestStall(evidence)
        if (stall) return seenSince(stall.fromMs, `no sign of life ${span(stall.fromMs, stall.toMs)}`, stall.refs)
        return neverSilent(evidence, window.untilMs)
      },
    },
    {
      // 0 %: it waits for something. Stopped by a signal: it does not even wait.
      statement:
        'its main thread runs all that time: it is neither stopped nor asleep, nor do other threads keep it waiting',
      necessary: true,
      observe: (evidence) => whileStalled(evidence, mainThreadRuns),
    },
    {
      statement: 'nothing is written meanwhile',
      necessary: true,
      observe: (evidence) => whileStalled(evidence, nothingWritten),
    },
    {
      statement: 'requests that were open at that time time out or are reset',
      necessary: true,
      observe(evidence) {
        if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const stall = longestStall(evidence)
        const harmed = failedAttempts(evidence, ['timeout', 'reset', 'connect-timeout', '5xx']).filter(
          (attempt) => !stall || (attempt.endedMs >= stall.fromMs && attempt.startedMs <= stall.toMs),
        )
        const first = harmed[0]
        return first
          ? seen(`${harmed.length} timeouts or resets`, [first.ref])
          : absentIfWatched(evidence, 'no timeout and no reset at that time')
      },
    },
  ],
}

function whileStalled(evidence: Evidence, observe: (evidence: Evidence, stall: Stall) => Observed): Observed {
  const stall = longestStall(evidence)
  return stall ? observe(evidence, stall) : notMeasurable('the service was never seen without a sign of life')
}

/** The longest time without an answer, from the burst to the end of what can be judged. */
function longestStall(evidence: Evidence): Stall | null {
  const endMs = watchedUntilMs(evidence)
  if (endMs === null) return null
  const isOomKill = evidence.exit !== null && oomKillAtDeath(evidence, evidence.exit.t).kind === 'rose'
  const untilMs = isOomKill ? endMs - thrashingMs : endMs
  const thresholdMs = Math.max(shortestMs, patienceShare * evidence.client.timeoutMs)
  const answers = evidence.heartbeats.filter((beat) => beat.status !== null && beat.t <= untilMs)
  const stalls = answers.flatMap((answer, index): Stall[] => {
    // Between two answers, from when the second was asked for: a probe that came late asked late.
    const before = answers[index - 1]
    const askedMs = answer.t - answer.tookMs
    const stall = { fromMs: Math.max(askedMs, before?.t ?? askedMs), toMs: answer.t, refs: [answer.ref] }
    return stall.toMs > 0 && stall.toMs - stall.fromMs >= thresholdMs ? [stall] : []
  })
  const lost = evidence.heartbeats.filter((beat) => {
    return beat.failure?.errorClass === 'timeout' && beat.t <= untilMs && beat.tookMs >= thresholdMs
  })
  for (const beat of lost) stalls.push({ fromMs: beat.t - beat.tookMs, toMs: beat.t, refs: [beat.ref] })
  return stalls.reduce<Stall | null>(
    (best, one) => (best && best.toMs - best.fromMs >= one.toMs - one.fromMs ? best : one),
    null,
  )
}

function neverSilent(evidence: Evidence, untilMs: number): Observed {
  const answers = points(evidence.heartbeats, (beat) => (beat.status === null ? null : beat.tookMs))
  const longest = longestGapMs(answers, { fromMs: 0, toMs: untilMs })
  if (
    answers.length === 0 ||
    longest > Math.max(shortestMs, patienceShare * evidence.client.timeoutMs) + postgresLagMs
  ) {
    return notMeasurable('no signs of life on record that cover the run')
  }
  return absent(
    `signs of life at most ${Math.round(longest)} ms apart`,
    answers.at(-1) ? [answers.at(-1)?.ref ?? ''] : [],
  )
}

function mainThreadRuns(evidence: Evidence, stall: Stall): Observed {
  const states = evidence.processStates.filter(({ t }) => t >= stall.fromMs && t <= stall.toMs)
  const [first, last] = [states[0], states.at(-1)]
  if (!first || !last || last.t - first.t < (stall.toMs - stall.fromMs) / 2) {
    return notMeasurable('no readings of the process while it gave no sign of life')
  }
  const refs = [first.ref, last.ref]
  const isStopped = states.filter(({ state }) => state === 'T' || state === 't').length > states.length / 2
  if (isStopped) return absent('the process was stopped by a signal', refs)
  const { ofCpu, ofProcess } = mainThreadUse(first, last, evidence)
  const because = `its main thread used ${percent(ofCpu)} of what CPU it may`
  if (ofProcess < mainShare) return absent(`${because}, ${percent(ofProcess)} of what all its threads used`, refs)
  if (ofCpu >= busyShare) return seen(because, refs)
  // Beside busy neighbours it gets less than it wants: then it is ready to run whenever one looks.
  const ready = states.filter(({ state }) => state === 'R').length / states.length
  return ready >= readyShare && ofCpu >= crowdedShare
    ? seen(`${because}, and was ready to run in ${percent(ready)} of readings`, refs)
    : absent(because, refs)
}

function mainThreadUse(first: Recorded<ProcessState>, last: Recorded<ProcessState>, { appliedLimits }: Evidence) {
  const mainMs = last.mainThreadCpuMs - first.mainThreadCpuMs
  const allMs = last.cpuMs - first.cpuMs
  const cpus = Math.min(1, appliedLimits?.cpus ?? 1)
  return { ofCpu: mainMs / ((last.t - first.t) * cpus), ofProcess: allMs <= 0 ? 0 : Math.min(1, mainMs / allMs) }
}

function nothingWritten(evidence: Evidence, stall: Stall): Observed {
  const ticks = writeTicks(evidence)
  // What PostgreSQL counts may come late; what the service says in a later answer was written before or after.
  const within = ticks.filter(({ t, source }) => {
    return source === 'postgres'
      ? t >= stall.fromMs + postgresLagMs && t <= stall.toMs
      : t > stall.fromMs && t < stall.toMs
  })
  const rise = within.find((tick, index) => tick.rose && (index > 0 || tick.source === 'postgres'))
  if (rise) return absent('writes went on meanwhile', [rise.ref])
  return within.length > 0
    ? seen(`nothing written ${span(stall.fromMs, stall.toMs)}`, [within[0]?.ref ?? ''])
    : notMeasurable('no reading of writes while it gave no sign of life')
}
