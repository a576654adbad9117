import type { Ask, Conditions, Outlook, Prediction, PredictionInput, Row } from '../prediction.ts'
import type { ErrorClass } from '../sample.ts'
import type { Verdict } from '../verdict.ts'
import { isLarge, variations } from './variations.ts'

/** Each seed draws other moments for the same load: so many tell how much that matters. */
const manySeeds = 20
const fewSeeds = 5
/** Moments are told to a tenth of a second: closer than that is not apart. */
const apartMs = 100
/** Of a size: as much as is not told apart when it is printed. */
const apartShare = 0.01

interface Quantity {
  readonly what: string
  readonly unit: Row['unit']
  readonly of: (prediction: Prediction) => number | null
  /** `null`: it did not happen; absent: the record does not say. */
  readonly measured: (verdict: Verdict) => number | null | undefined
}

const firstSeen = (verdict: Verdict, errorClass: ErrorClass) =>
  verdict.timeline.errors.find((span) => span.errorClass === errorClass)?.firstMs ?? null

const quantities: readonly Quantity[] = [
  {
    what: 'first reset',
    unit: 'moment',
    of: ({ firstMs }) => firstMs.reset,
    measured: (verdict) => firstSeen(verdict, 'reset'),
  },
  {
    what: 'first timeout',
    unit: 'moment',
    of: ({ firstMs }) => firstMs.timeout,
    measured: (verdict) => firstSeen(verdict, 'timeout'),
  },
  { what: 'death', unit: 'moment', of: ({ diedMs }) => diedMs, measured: ({ diedMs }) => diedMs },
  {
    what: 'peak backlog',
    unit: 'count',
    of: ({ peakPendingEvents }) => peakPendingEvents,
    measured: ({ plausibility }) => plausibility.peakPendingEvents ?? undefined,
  },
  {
    what: 'peak memory',
    unit: 'bytes',
    of: ({ peakMemoryBytes }) => peakMemoryBytes,
    measured: ({ memory }) => memory.peakBytes ?? undefined,
  },
  {
    what: 'acknowledged',
    unit: 'count',
    of: ({ events }) => events.acknowledged,
    measured: ({ accounting }) => accounting.acknowledged,
  },
  {
    what: 'dropped',
    unit: 'count',
    of: ({ events }) => events.dropped,
    measured: ({ accounting }) => accounting.droppedByClient,
  },
  {
    what: 'stored',
    unit: 'count',
    of: ({ events }) => events.stored,
    measured: ({ accounting }) => accounting.stored ?? undefined,
  },
  {
    what: 'stored twice',
    unit: 'count',
    of: ({ events }) => events.storedMoreThanOnce,
    measured: ({ accounting }) => accounting.storedMoreThanOnce ?? undefined,
  },
]

/**
 * The same run with many seeds, the one asked for first.
 *
 * @param verdict what was measured in this very run, if it was
 */
export async function lookAhead(input: PredictionInput, verdict: Verdict | null, ask: Ask): Promise<Outlook> {
  const prediction = await ask(input)
  const all = [prediction]
  for (const varied of variations(input, isLarge(input) ? fewSeeds : manySeeds).slice(1)) all.push(await ask(varied))
  return {
    conditions: conditionsOf(input),
    seeds: all.length,
    crashed: all.filter(({ outcome }) => outcome === 'crashed').length,
    prediction,
    rows: quantities.map((quantity) => rowOf(quantity, all, verdict)),
  }
}

function conditionsOf({ load, client, limits, phases, poolSize }: Conditions): Conditions {
  return { load, client, limits, phases, poolSize }
}

function rowOf({ what, unit, of, measured: read }: Quantity, all: readonly Prediction[], verdict: Verdict | null): Row {
  const values = all.map(of)
  const found = values.filter((value) => value !== null)
  const [low, high] = [Math.min(...found), Math.max(...found)]
  const row = {
    what,
    unit,
    predicted: values[0] ?? null,
    among: found.length === 0 ? null : { low, high, seeds: found.length },
  }
  // A run whose outcome is not known measured neither that something happened nor that it did not.
  const measured = verdict && verdict.outcome !== 'unknown' ? read(verdict) : undefined
  if (measured === undefined) return row
  if (measured === null) return { ...row, measured, isAmong: found.length < values.length }
  const apart = unit === 'moment' ? apartMs : unit === 'bytes' ? apartShare * measured : 0
  return { ...row, measured, isAmong: found.length > 0 && measured >= low - apart && measured <= high + apart }
}
