import { cumulativeStdLogisticProbability, extent, sumSimple } from 'simple-statistics'

/** One run at a dose. */
export interface Answer {
  readonly dose: number
  readonly survived: boolean
}

/** The dose at which half of all runs survive, with its 90 % interval. */
export interface Located {
  readonly dose: number
  readonly low: number
  readonly high: number
  /** How sure it is that the threshold lies below or above all doses that may be tried. */
  readonly belowRange: number
  readonly aboveRange: number
}

export interface Locator {
  /** What the answers say so far. */
  locate(answers: readonly Answer[]): Located
  /** The dose whose answer tells most about the threshold. `null`: there is none to try. */
  next(answers: readonly Answer[], isAllowed: (dose: number) => boolean): number | null
}

/** Runs that end against the odds for reasons of their own, such as a neighbour on the machine, either way. */
const lapseShare = 0.01
/** The threshold is looked for to this far outside of the doses, so that "not among them" can be an answer. */
const marginFactor = 2
const locationStep = 0.01
/** How much the own thresholds of runs differ, as a share of the dose (a standard deviation is 1.8 of them): 1 to 25 %. */
const scales = [0.005, 0.01, 0.02, 0.04, 0.08, 0.14]

/**
 * Finds a noisy threshold by Bayes on a grid: where it is (every logarithm of the dose equally likely at first) and how
 * sharp it is. The chance to survive is logistic in the logarithm of the dose. Each next dose is the one that is expected
 * to tell most about the place (Kontsevich and Tyler's psi method, for the place alone). Pure.
 *
 * @param doses that may be tried, all above zero
 * @param moreHelps whether a run survives above the threshold, or below it
 */
export function createLocator(doses: readonly number[], moreHelps: boolean): Locator {
  const [lowest, highest] = extent([...doses])
  const margin = Math.log(marginFactor)
  const firstLog = Math.log(lowest) - margin
  const count = Math.ceil((Math.log(highest) + margin - firstLog) / locationStep) + 1
  const places = Array.from({ length: count }, (_, index) => firstLog + index * locationStep)

  const chancesAt = new Map<number, Float64Array>()
  /** The chance to survive a dose, for each place and, within it, each scale. */
  const survival = (dose: number): Float64Array => {
    const known = chancesAt.get(dose)
    if (known) return known
    const chances = Float64Array.from({ length: count * scales.length }, (_, cell) => {
      const place = places[Math.floor(cell / scales.length)] ?? 0
      const distance = (Math.log(dose) - place) / (scales[cell % scales.length] ?? 1)
      const chance = cumulativeStdLogisticProbability(moreHelps ? distance : -distance)
      return lapseShare / 2 + (1 - lapseShare) * chance
    })
    chancesAt.set(dose, chances)
    return chances
  }

  /** For each place and, within it, each scale; sums to 1. */
  const weigh = (answers: readonly Answer[]): Float64Array => {
    const weights = new Float64Array(count * scales.length).fill(1)
    for (const { dose, survived } of answers) {
      const chances = survival(dose)
      for (let cell = 0; cell < weights.length; cell++) {
        const chance = chances[cell] ?? 0
        weights[cell] = (weights[cell] ?? 0) * (survived ? chance : 1 - chance)
      }
    }
    const total = sumSimple([...weights])
    return weights.map((weight) => weight / total)
  }

  /** Of a figure for each place and scale: its sum over the scales. */
  const overScales = (figures: Float64Array): number[] => {
    const sums = new Array<number>(count).fill(0)
    for (let cell = 0; cell < figures.length; cell++) {
      const place = Math.floor(cell / scales.length)
      sums[place] = (sums[place] ?? 0) + (figures[cell] ?? 0)
    }
    return sums
  }

  return {
    locate(answers) {
      const byPlace = overScales(weigh(answers))
      const at = (share: number) => {
        let passed = 0
        const place = places.find((_, index) => {
          passed += byPlace[index] ?? 0
          return passed >= share
        })
        return Math.exp(place ?? places.at(-1) ?? 0)
      }
      const share = (isWithin: (dose: number) => boolean) =>
        sumSimple(byPlace.filter((_, index) => isWithin(Math.exp(places[index] ?? 0))))
      return {
        dose: at(0.5),
        low: at(0.05),
        high: at(0.95),
        belowRange: share((dose) => dose < lowest),
        aboveRange: share((dose) => dose > highest),
      }
    },
    next(answers, isAllowed) {
      const weights = weigh(answers)
      const byPlace = overScales(weights)
      let best: { dose: number; gain: number } | null = null
      for (const dose of doses.filter(isAllowed)) {
        const chances = survival(dose)
        const surviving = overScales(weights.map((weight, cell) => weight * (chances[cell] ?? 0)))
        // Entropy of the answer, less what would be left of it if the place were known.
        let left = 0
        for (const [place, weight] of byPlace.entries()) {
          if (weight > 0) left += weight * entropy((surviving[place] ?? 0) / weight)
        }
        const gain = entropy(sumSimple(surviving)) - left
        if (!best || gain > best.gain) best = { dose, gain }
      }
      return best?.dose ?? null
    },
  }
}

function entropy(chance: number): number {
  if (chance <= 0 || chance >= 1) return 0
  return -chance * Math.log2(chance) - (1 - chance) * Math.log2(1 - chance)
}
