import type { Forecast, PredictionInput, Span } from '../prediction.ts'
import { predict } from './predict.ts'
import { variations } from './variations.ts'

type Question = (input: PredictionInput) => boolean

/** No event is lost to its client, though some may be stored twice. */
const isLossless: Question = (input) => {
  const { outcome, events } = predict(input)
  return outcome === 'survived' && events.acknowledged === events.emitted
}
const survives: Question = (input) => predict(input).outcome !== 'crashed'

/** Each seed is searched by itself; this many tell how much they differ. */
const seeds = 5
/** RRs beyond this are not searched, as long as fewer than that are asked about. */
const leastSearchedRrs = 1_000
const cpuStep = 0.05
/** Of the CPU limit: a service that used less with work waiting was held up by something else. */
const cpuBoundShare = 0.8

/**
 * Where the answer changes, all else as given, over some seeds. By bisection: where an answer changes to and fro, it
 * finds one of the changes.
 */
export function findThresholds(input: PredictionInput): Forecast['thresholds'] {
  const inputs = variations(input, seeds)
  const searchedTo = Math.max(leastSearchedRrs, input.load.rrs)
  const rrs = (question: Question) => span(inputs.map((one) => largestRrs(one, question, searchedTo)))
  const cpus = (question: Question) => span(inputs.map((one) => smallestCpus(one, question)))
  return {
    seeds,
    memoryBytes: span(inputs.map(smallestMemoryBytes)) ?? { low: 0, high: 0 },
    rrs: { survive: rrs(survives), lossless: rrs(isLossless), searchedTo },
    cpus: input.figures.cpuShare < cpuBoundShare ? null : { survive: cpus(survives), lossless: cpus(isLossless) },
  }
}

function span(found: readonly (number | null)[]): Span | null {
  const numbers = found.filter((one) => one !== null)
  if (numbers.length < found.length) return null
  return { low: Math.min(...numbers), high: Math.max(...numbers) }
}

/** What is held at most where nothing bounds it: until its death, a service does not know its limit. */
export function smallestMemoryBytes(input: PredictionInput): number {
  const limits = { ...input.limits, memoryLimitBytes: Number.POSITIVE_INFINITY }
  return predict({ ...input, limits }).peakMemoryBytes
}

/** `null`: `searchedTo` is not too many. 0: one is. */
export function largestRrs(input: PredictionInput, question: Question, searchedTo: number): number | null {
  const holds = (rrs: number) => question({ ...input, load: { ...input.load, rrs } })
  let good = 0
  let bad = input.load.rrs
  while (holds(bad)) {
    if (bad >= searchedTo) return null
    good = bad
    bad = Math.min(2 * bad, searchedTo)
  }
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (holds(middle)) good = middle
    else bad = middle
  }
  return good
}

/** In steps of 0.05. `null`: no number of them helps. */
export function smallestCpus(input: PredictionInput, question: Question): number | null {
  const { writers, cpuShare } = input.figures
  const holds = (steps: number) => question({ ...input, limits: { ...input.limits, cpus: steps * cpuStep } })
  // Each thread uses one CPU at most.
  let good = Math.ceil((writers + 1) / cpuShare / cpuStep)
  let bad = 0
  if (!holds(good)) return null
  while (good - bad > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (holds(middle)) good = middle
    else bad = middle
  }
  return Math.round(good * cpuStep * 100) / 100
}
