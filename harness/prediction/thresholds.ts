import { lastArrivalMs } from '../arrivals.ts'
import type { Ask, Forecast, PredictionInput, Span } from '../prediction.ts'
import { isLarge, variations } from './variations.ts'

type Question = (input: PredictionInput) => Promise<boolean>

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
export async function findThresholds(input: PredictionInput, ask: Ask): Promise<Forecast['thresholds']> {
  const survives: Question = async (varied) => (await ask(varied)).outcome !== 'crashed'
  // No event is lost to its client, though some may be stored twice.
  const isLossless: Question = async (varied) => {
    const { outcome, events } = await ask(varied)
    return outcome === 'survived' && events.acknowledged === events.emitted
  }
  const inputs = variations(input, isLarge(input) ? 1 : seeds)
  const searchedTo = Math.max(leastSearchedRrs, input.load.rrs)
  const spanOf = async (search: (varied: PredictionInput) => Promise<number | null>) => {
    const found: (number | null)[] = []
    for (const varied of inputs) found.push(await search(varied))
    return span(found)
  }
  const rrs = (question: Question) => spanOf((varied) => largestRrs(varied, question, searchedTo))
  const cpus = (question: Question) => spanOf((varied) => smallestCpus(varied, question))
  return {
    seeds: inputs.length,
    memoryBytes: (await spanOf((varied) => smallestMemoryBytes(varied, ask))) ?? { low: 0, high: 0 },
    rrs: { survive: await rrs(survives), lossless: await rrs(isLossless), searchedTo },
    cpus:
      input.figures.cpuShare < cpuBoundShare
        ? null
        : { survive: await cpus(survives), lossless: await cpus(isLossless) },
  }
}

function span(found: readonly (number | null)[]): Span | null {
  const numbers = found.filter((one) => one !== null)
  if (numbers.length === 0) return null
  return { low: Math.min(...numbers), high: numbers.length < found.length ? null : Math.max(...numbers) }
}

/** What is held at most where nothing bounds it: until its death, a service does not know its limit. */
async function smallestMemoryBytes(input: PredictionInput, ask: Ask): Promise<number> {
  const limits = { ...input.limits, memoryLimitBytes: Number.POSITIVE_INFINITY }
  return (await ask({ ...input, limits })).peakMemoryBytes
}

/** `null`: `searchedTo` is not too many. 0: one is. */
async function largestRrs(input: PredictionInput, question: Question, searchedTo: number): Promise<number | null> {
  const { phases } = input
  const holds = (rrs: number) => {
    const load = { ...input.load, rrs }
    // More RRs at the same rate take longer: a run that is cut short would say nothing about the service.
    const maxMs = phases.maxMs + Math.max(0, lastArrivalMs(load) - lastArrivalMs(input.load))
    return question({ ...input, load, phases: { ...phases, maxMs } })
  }
  let good = 0
  let bad = input.load.rrs
  while (await holds(bad)) {
    if (bad >= searchedTo) return null
    good = bad
    bad = Math.min(2 * bad, searchedTo)
  }
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (await holds(middle)) good = middle
    else bad = middle
  }
  return good
}

/** In steps of 0.05. `null`: no number of them helps. */
async function smallestCpus(input: PredictionInput, question: Question): Promise<number | null> {
  const { writers, cpuShare } = input.figures
  const holds = (steps: number) => question({ ...input, limits: { ...input.limits, cpus: steps * cpuStep } })
  // Each thread uses one CPU at most.
  let good = Math.ceil((writers + 1) / cpuShare / cpuStep)
  let bad = 0
  if (!(await holds(good))) return null
  while (good - bad > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (await holds(middle)) good = middle
    else bad = middle
  }
  return Math.round(good * cpuStep * 100) / 100
}
