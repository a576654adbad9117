import type { Evidence } from '../evidence.ts'
import { longestSilenceMs, type Stretch } from '../measure.ts'

/** A time in which every connection was in use. `waiting` is `null` where only PostgreSQL could say. */
export interface FullPool extends Stretch {
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

/** Every time with a full pool. Two readings at least: one alone may be the burst's first breath. */
export function fullPools(evidence: Evidence, untilMs: number): FullPool[] {
  const silenceMs = longestSilenceMs(evidence)
  const said = fullStretches(serviceReadings(evidence, untilMs), silenceMs)
  return said.length > 0 ? said : fullStretches(postgresReadings(evidence, untilMs), silenceMs)
}

function serviceReadings(evidence: Evidence, untilMs: number): Reading[] {
  return evidence.service.flatMap((probe) => {
    const { t, ref, poolInUse, poolWaiting } = probe
    if (t < 0 || t > untilMs || poolInUse === null || poolWaiting === null) return []
    const size = probe.poolMax ?? evidence.poolSize
    if (size === null) return []
    return [{ t, ref, size, waiting: poolWaiting, isFull: poolInUse >= size && poolWaiting > 0 }]
  })
}

/** For a service that does not say: sessions at work are connections in use, but nobody knows who waits. */
function postgresReadings(evidence: Evidence, untilMs: number): Reading[] {
  if (evidence.service.some((probe) => probe.poolWaiting !== null)) return []
  const size = evidence.poolSize
  if (size === null) return []
  return evidence.postgres
    .filter((probe) => probe.t >= 0 && probe.t <= untilMs)
    .map(({ t, ref, active, idleInTransaction }) => {
      return { t, ref, size, waiting: null, isFull: active + idleInTransaction >= size }
    })
}

function fullStretches(readings: readonly Reading[], silenceMs: number): FullPool[] {
  const runs: Reading[][] = []
  let previous: Reading | null = null
  for (const reading of readings) {
    const follows = previous?.isFull && reading.t - previous.t <= silenceMs
    if (reading.isFull && follows) runs.at(-1)?.push(reading)
    else if (reading.isFull) runs.push([reading])
    previous = reading
  }
  return runs.flatMap((run) => {
    const [first, last] = [run[0], run.at(-1)]
    if (!first || !last || run.length < 2) return []
    const waiting = first.waiting === null ? null : Math.max(...run.map((one) => one.waiting ?? 0))
    return [{ fromMs: first.t, toMs: last.t, size: first.size, waiting, refs: [first.ref, last.ref] }]
  })
}
