import type { Evidence } from '../evidence.ts'
import type { Hypothesis, Prediction } from '../hypothesis.ts'
import { highest, points } from '../measure.ts'
import { lessMemory, moreMemory } from '../perturbation.ts'
import { formatAt, formatBytes } from '../units.ts'
import { describeAsking, engineWord, isInEngine } from './engine-word.ts'
import { absent, notMeasurable, ofDeath, seen } from './observe.ts'
import { oomKillAtDeath } from './oom-kill.ts'
import { describeExit } from './process-exit.ts'
import { watchdogKillAtDeath } from './watchdog-kill.ts'

/** The kernel charges in batches of pages and gives up a little below the limit, never far below it. */
export const atLimitShare = 0.98

export const endedBySigkill: Prediction = {
  statement: 'SIGKILL ended the main process',
  necessary: true,
  observe: ofDeath((exit) => {
    const { kind, because } = describeExit(exit)
    if (kind === 'unknown') return notMeasurable(because)
    const isKill = exit.signal === 'SIGKILL' || exit.code === 137
    return isKill ? seen(because, [exit.ref]) : absent(because, [exit.ref])
  }),
}

export const oomKillRises: Prediction = {
  statement: "the kernel's oom_kill counter rises as the main process ends",
  necessary: true,
  observe: ofDeath((exit, evidence) => {
    const oomKill = oomKillAtDeath(evidence, exit.t)
    switch (oomKill.kind) {
      case 'unknown':
        return notMeasurable(oomKill.why)
      case 'flat':
        return oomKill.earlier
          ? absent('oom_kill rose earlier, for another process', [oomKill.last.ref, exit.ref])
          : absent(`oom_kill still ${oomKill.last.value} after the death`, [oomKill.last.ref, exit.ref])
      case 'rose':
        return seen(`oom_kill ${oomKill.from.value} -> ${oomKill.to.value} at ${formatAt(oomKill.to.t)}`, [
          oomKill.to.ref,
          exit.ref,
        ])
    }
  }),
}

const peakAtLimit: Prediction = {
  statement: "the kernel's own peak of the memory used is at the limit",
  necessary: true,
  observe(evidence) {
    const limitBytes = evidence.appliedLimits?.memoryLimitBytes
    if (!limitBytes) return notMeasurable('the memory limit was not read back')
    const peak = highest(points(evidence.cgroup, (probe) => probe.memoryPeakBytes))
    if (!peak) return notMeasurable("no reading of the kernel's memory peak")
    const because = `peak ${formatBytes(peak.value)} of ${formatBytes(limitBytes)}`
    if (peak.value >= atLimitShare * limitBytes) return seen(because, [peak.ref])
    const endMs = evidence.exit?.t ?? evidence.end?.t ?? Number.POSITIVE_INFINITY
    const last = points(evidence.cgroup, (probe) => probe.memoryPeakBytes).at(-1)
    // The counter never falls, so a last reading just before the end of a run that nobody died in is as good.
    const covers = last && last.t >= (evidence.exit ? endMs : endMs - 1_000)
    return covers ? absent(because, [last.ref]) : notMeasurable('the memory peak was last read before the end')
  },
}

/** A kill through the engine ends what a kernel's kill of a child had left alive: only the order of events tells. */
const notAskedFor: Prediction = {
  statement: 'nobody asked the engine to end it before it ended',
  necessary: true,
  observe: ofDeath((_, evidence) => {
    const word = engineWord(evidence)
    switch (word.kind) {
      case 'unknown':
      case 'unclear':
        return notMeasurable(word.why)
      case 'asked':
        return absent(describeAsking(word), [word.event.ref, word.die.ref])
      case 'oom':
        return seen("the engine's events: oom, then die, no kill between", [word.event.ref, word.die.ref])
      case 'silent':
        return seen("the engine's events: die, no kill before it", [word.die.ref])
    }
  }),
}

/** Podman leaves it false, and any OOM kill in the container sets it: it adds nothing, but people look at it. */
const oomKilledFlag: Prediction = {
  statement: "the engine's OOMKilled says so too (shown, not trusted)",
  necessary: false,
  observe({ inspects }) {
    const state = inspects.findLast((one) => one.when === 'after' && one.part === 'datastorage')
    if (!state || state.oomKilled === null) return notMeasurable('the engine showed no OOMKilled')
    return state.oomKilled
      ? seen('OOMKilled is true (not trusted)', [state.ref])
      : absent('OOMKilled is false (not trusted)', [state.ref])
  },
}

export const memoryLimit: Hypothesis = {
  name: 'memory-limit',
  label: 'memory limit',
  role: 'death',
  claim: 'The kernel killed the service because its control group was at the memory limit.',
  phrase: 'The kernel killed DataStorage at its memory limit',
  // They tell how it died, and not of what: more memory helps whatever filled it.
  perturbations: [
    { expected: 'gone or later', ...moreMemory },
    { expected: 'sooner', ...lessMemory },
  ],
  predictions: [oomKillRises, peakAtLimit, endedBySigkill],
  notExercised({ appliedLimits }) {
    const isShared = appliedLimits?.memoryScope === 'stack'
    return isShared ? 'one limit holds the whole stack: the service has none of its own' : null
  },
  given(evidence) {
    if (evidence.appliedLimits?.limiter === 'watchdog') return byWatchdog
    if (!isInEngine(evidence)) return null
    return { predictions: [oomKillRises, peakAtLimit, endedBySigkill, ...byEngine(evidence), oomKilledFlag] }
  },
}

/**
 * What the engine has to say of a kill by the kernel. One that told of no end at all, such as after its stream broke off,
 * takes nothing from what the kernel's own counter shows.
 */
export function byEngine(evidence: Evidence): Prediction[] {
  return isInEngine(evidence) ? [{ ...notAskedFor, necessary: engineWord(evidence).kind !== 'unknown' }] : []
}

/** Without a kernel limit there is no kernel to say so: the watchdog's own record takes its place, and is named as such. */
const byWatchdog = {
  claim: 'A user-space watchdog, not the kernel, killed the service because its memory was above the limit.',
  phrase: 'A user-space watchdog, not the kernel, killed DataStorage above its memory limit',
  predictions: [
    {
      statement: 'the user-space watchdog recorded that it killed above the limit, as the main process ended',
      necessary: true,
      observe: ofDeath((exit, evidence) => {
        const kill = watchdogKillAtDeath(evidence, exit.t)
        if (kill.kind === 'unknown') return notMeasurable(kill.why)
        if (kill.kind === 'none') return absent('the user-space watchdog killed nobody', [exit.ref])
        const limit = formatBytes(evidence.appliedLimits?.memoryLimitBytes ?? evidence.limits.memoryLimitBytes)
        const because = `by a user-space limit: ${formatBytes(kill.event.memoryBytes)} of ${limit} at ${formatAt(kill.event.t)}`
        return seen(because, [kill.event.ref, exit.ref])
      }),
    },
    endedBySigkill,
  ],
}
