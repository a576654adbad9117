import type { Evidence } from '../evidence.ts'
import { isLoadWrite, points, writeAttempts } from '../measure.ts'

/** Of a closed loop: in the first of it the service compiles its code, and connections come up. */
const settlingShare = 0.25
/** Of an acknowledgement that promises less than storage. */
const acceptedStatus = 202

/**
 * Events/s that were acknowledged as stored while all connections of a closed loop were sending, the first quarter of that
 * time left out. `null`: the load is none, or it was over before that.
 */
export function sustainedEventsPerSec(evidence: Evidence): number | null {
  if (evidence.load.emitter !== 'closed-loop') return null
  const attempts = writeAttempts(evidence)
  const lastMs = new Map<string, number>()
  for (const { client, endedMs } of attempts) lastMs.set(client, Math.max(lastMs.get(client) ?? 0, endedMs))
  if (lastMs.size < evidence.load.rrs) return null
  const untilMs = Math.min(...lastMs.values())
  const fromMs = untilMs * settlingShare
  const stored = attempts.filter(({ outcome, status, endedMs }) => {
    return outcome === 'ok' && status !== acceptedStatus && endedMs > fromMs && endedMs <= untilMs
  })
  const events = stored.reduce((sum, attempt) => sum + attempt.events, 0)
  return untilMs <= 0 ? null : (1_000 * events) / (untilMs - fromMs)
}

/**
 * Milliseconds from a burst until all that was due in it has been answered, further attempts at it included; the mean of a
 * run's bursts. A burst is a batch of RRs with their first events, as far as the client's flushes spread them. `null`: the
 * load has no bursts, or something of one was never acknowledged.
 */
export function timeToRecoverMs(evidence: Evidence): number | null {
  const { load, client } = evidence
  if (load.emitter === 'closed-loop' || load.arrivals || (load.pace && load.pace.rrs === 1)) return null
  const spanMs = load.spreadMs + (load.emitter === 'direct' ? 0 : client.flushMs)
  const bursts = load.pace ? Math.ceil(load.rrs / load.pace.rrs) : 1
  const writes = evidence.attempts.filter(isLoadWrite)
  const tookMs = Array.from({ length: bursts }, (_, index) => {
    const fromMs = index * (load.pace?.everyMs ?? 0)
    const isDue = (intendedMs: number) => intendedMs >= fromMs && intendedMs <= fromMs + spanMs
    const first = writes.filter(({ attempt, intendedMs }) => attempt === 1 && isDue(intendedMs))
    const parcels = new Set(first.map(parcelOf))
    const acknowledged = writes.filter((write) => write.outcome === 'ok' && parcels.has(parcelOf(write)))
    // Nobody has waited for an event that was given up: that burst has no end.
    if (first.length === 0 || new Set(acknowledged.map(parcelOf)).size < parcels.size) return null
    return Math.max(...acknowledged.map(({ endedMs }) => endedMs)) - fromMs
  })
  const known = tookMs.filter((took) => took !== null)
  return known.length < bursts ? null : known.reduce((sum, took) => sum + took, 0) / bursts
}

/**
 * CPU time of the service's group from the burst to the last answer, by each event that was acknowledged. It differs less from run
 * to run than any time on the wall, for whoever waits for a CPU does not use it up. `null`: nobody counted it.
 */
export function cpuPerEventMs(evidence: Evidence): number | null {
  const writes = evidence.attempts.filter(isLoadWrite)
  const untilMs = writes.reduce((latest, { endedMs }) => Math.max(latest, endedMs), 0)
  const events = writes.reduce((sum, { outcome, events }) => sum + (outcome === 'ok' ? events : 0), 0)
  const readings = points(evidence.cgroup, ({ cpuUsageMs }) => cpuUsageMs, Number.NEGATIVE_INFINITY, untilMs)
  const before = readings.findLast(({ t }) => t <= 0)
  const after = readings.at(-1)
  return before && after && after.t > 0 && events > 0 ? (after.value - before.value) / events : null
}

/** What travels together keeps its first event over all attempts. */
function parcelOf({ client, firstEvent }: { client: string; firstEvent: number }): string {
  return `${client} ${firstEvent}`
}
