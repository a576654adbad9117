import { partNames } from '../engine.ts'
import type { Evidence } from '../evidence.ts'
import { type Growths, growths, type PartKill, partKills, readingsOf } from '../growth.ts'
import type { Hypothesis, Prediction } from '../hypothesis.ts'
import { fate, highest, isProcessSeen, points, writeAttempts } from '../measure.ts'
import { lessMemory, moreMemory } from '../perturbation.ts'
import { formatAt, formatBytes } from '../units.ts'
import { atLimitShare, byEngine, endedBySigkill, oomKillRises } from './memory-limit.ts'
import { absent, absentIfWatched, notMeasurable, seen, seenSince } from './observe.ts'
import { oomKillAtDeath } from './oom-kill.ts'

/** A last reading so long before the end of a run still says what the counters were at its end. */
const lateMs = 1_000

const limitInForce: Prediction = {
  statement: 'one memory limit over the whole stack was in force',
  necessary: true,
  observe({ appliedLimits }) {
    if (!appliedLimits?.memoryLimitBytes) return notMeasurable('the memory limit was not read back')
    const because = `one limit of ${formatBytes(appliedLimits.memoryLimitBytes)} over the whole stack`
    return appliedLimits.memoryScope === 'stack'
      ? seen(because, [appliedLimits.ref])
      : absent('the limit is over the service alone', [appliedLimits.ref])
  },
}

const reached: Prediction = {
  statement: "the kernel's own peak of the memory used by all parts together is at that limit",
  necessary: true,
  observe(evidence) {
    const limitBytes = evidence.appliedLimits?.memoryLimitBytes
    if (!limitBytes) return notMeasurable('the memory limit was not read back')
    const peaks = points(readingsOf(evidence, 'stack'), (probe) => probe.memoryPeakBytes)
    const peak = highest(peaks)
    if (!peak) return notMeasurable("no reading of the whole stack's memory peak")
    const because = `peak of the stack ${formatBytes(peak.value)} of ${formatBytes(limitBytes)}`
    if (peak.value >= atLimitShare * limitBytes) return seen(because, [peak.ref])
    // The counter never falls: the last reading says whether the limit was reached before it.
    return coversTheEnd(peaks.at(-1)?.t, evidence)
      ? absent(because, [peaks.at(-1)?.ref ?? peak.ref])
      : notMeasurable("the whole stack's memory peak was last read before the end")
  },
}

/** The service lives, or ended otherwise: then the kill was in another part. */
const otherKilled: Prediction = {
  statement: 'the own oom_kill counter of another part of the stack rises',
  necessary: true,
  observe(evidence) {
    const kill = killElsewhere(evidence)
    if (kill) {
      const ended = evidence.partExits.find((exit) => exit.part === kill.part)
      const fateOfIt = ended ? 'it ended' : 'its main process lived on'
      return seenSince(kill.to.t, `${risen(kill)}; ${fateOfIt}`, [kill.to.ref, ...(ended ? [ended.ref] : [])])
    }
    for (const part of ['postgres', 'redis'] as const) {
      const last = points(readingsOf(evidence, part), (probe) => probe.oomKills).at(-1)
      if (!coversTheEnd(last?.t, evidence)) {
        return notMeasurable(`oom_kill of ${partNames[part]} ${last ? 'was last read before the end' : 'was not read'}`)
      }
    }
    return absentIfWatched(evidence, 'oom_kill of no other part rose')
  },
}

/** After, not because: what the victim was to the service is for the requests to say. */
const failedAfterwards: Prediction = {
  statement: 'requests fail after that kill, and not before',
  necessary: false,
  observe(evidence) {
    const kill = killElsewhere(evidence)
    if (!kill) return notMeasurable('no kill to compare with')
    const failed = writeAttempts(evidence).filter((attempt) => attempt.outcome !== 'ok')
    const first = failed.reduce<(typeof failed)[number] | null>((a, b) => (a && a.endedMs <= b.endedMs ? a : b), null)
    if (!first) return absentIfWatched(evidence, 'no request failed')
    const because = `first failed request at ${formatAt(first.endedMs)}, the kill at ${formatAt(kill.to.t)}`
    return first.endedMs >= kill.to.t ? seen(because, [first.ref, kill.to.ref]) : absent(because, [first.ref])
  },
}

/** Not necessary: whose growth it was is another question than whose death. */
const grew: Prediction = {
  statement: 'a part grew from the burst on, in memory that the kernel cannot drop',
  necessary: false,
  observe(evidence) {
    const found = growthsAtKill(evidence)
    if (!found) return notMeasurable('no kill to measure up to')
    if (found.kind === 'unknown') return notMeasurable(found.why)
    const told = found.all.map(({ part, grewBytes, heldBytes }) => {
      const by = grewBytes < 0 ? `-${formatBytes(-grewBytes)}` : `+${formatBytes(grewBytes)}`
      return `${partNames[part]} ${by} to ${formatBytes(heldBytes)}`
    })
    const refs = found.all.map((one) => one.ref)
    return found.named.length > 0 ? seen(told.join(', '), refs) : absent(`hardly any growth: ${told.join(', ')}`, refs)
  },
}

export const sharedMemory: Hypothesis = {
  name: 'shared-memory',
  label: 'shared memory',
  role: 'death',
  claim: 'The whole stack together was at the memory limit that it shares, and the kernel killed the service for it.',
  phrase: 'The kernel killed DataStorage at the memory limit that the whole stack shares',
  perturbations: [
    { expected: 'gone or later', ...moreMemory },
    { expected: 'sooner', ...lessMemory },
  ],
  predictions: [oomKillRises, reached, endedBySigkill, limitInForce, grew],
  notExercised(evidence) {
    const { appliedLimits, limits } = evidence
    // What limits a service that ran already, and who shares that limit, is not for us to say.
    if (!appliedLimits && !isProcessSeen(evidence)) return null
    const scope = appliedLimits?.memoryScope ?? (appliedLimits ? 'service' : limits.memoryScope)
    return scope === 'stack' ? null : 'the limit is over the service alone'
  },
  given(evidence) {
    const grown = asGrew(growthsAtKill(evidence))
    const elsewhere = killElsewhere(evidence)
    if (elsewhere)
      return { ...inAnotherPart, part: elsewhere.part, phrase: sentence([victim(elsewhere, evidence)], grown) }
    if (fate(evidence) === 'alive') return inAnotherPart
    const before = partKills(evidence).filter(
      ({ part, to }) => part !== 'datastorage' && to.t <= (evidence.exit?.t ?? 0),
    )
    return {
      phrase: sentence([...before.map((kill) => victim(kill, evidence)), 'DataStorage'], grown),
      predictions: [oomKillRises, reached, endedBySigkill, ...byEngine(evidence), limitInForce, grew],
    }
  },
}

const inAnotherPart = {
  claim:
    'The whole stack together was at the memory limit that it shares, and the kernel killed in another part than the service.',
  predictions: [otherKilled, reached, limitInForce, failedAfterwards, grew],
}

/** The first kill in another part, where the service did not die of a kill of its own. */
function killElsewhere(evidence: Evidence): PartKill | null {
  const isKilled = evidence.exit !== null && oomKillAtDeath(evidence, evidence.exit.t).kind !== 'flat'
  if (isKilled || fate(evidence) === 'unknown') return null
  return partKills(evidence).find(({ part }) => part !== 'datastorage') ?? null
}

/** Up to the kill that is judged. `null`: there is none. */
function growthsAtKill(evidence: Evidence): Growths | null {
  const elsewhere = killElsewhere(evidence)
  if (elsewhere) return growths(evidence, elsewhere.to.t)
  const own = evidence.exit && oomKillAtDeath(evidence, evidence.exit.t)
  return own?.kind === 'rose' ? growths(evidence, own.to.t) : null
}

function sentence(victims: readonly string[], grown: string): string {
  return `The kernel killed ${victims.join(' and then ')} at the memory limit that the whole stack shares${grown}`
}

/** `, as DataStorage grew by 1.49 GiB`; nothing where nobody can be named. */
function asGrew(found: Growths | null): string {
  if (found?.kind !== 'measured' || found.named.length === 0) return ''
  const named = found.named.map(({ part, grewBytes }) => `${partNames[part]} grew by ${formatBytes(grewBytes)}`)
  return `, as ${named.join(' and ')}`
}

/** `a process of PostgreSQL at +12.3 s`: a server whose main process lived on has lost one of its others. */
function victim(kill: PartKill, evidence: Evidence): string {
  const isWhole = evidence.partExits.some((exit) => exit.part === kill.part)
  return `${isWhole ? '' : 'a process of '}${partNames[kill.part]} at ${formatAt(kill.to.t)}`
}

function risen({ part, from, to }: PartKill): string {
  return `oom_kill of ${partNames[part]} ${from.value} -> ${to.value} at ${formatAt(to.t)}`
}

function coversTheEnd(lastMs: number | undefined, { exit, end }: Evidence): boolean {
  const untilMs = exit?.t ?? end?.t
  return lastMs !== undefined && untilMs !== undefined && lastMs >= (exit ? untilMs : untilMs - lateMs)
}
