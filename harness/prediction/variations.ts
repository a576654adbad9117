import type { PredictionInput } from '../prediction.ts'

/**
 * Runs of the same thing differ in the work that an event takes by this much, more or less: ten of high-load, one after
 * the other, wrote 8.6 to 9.6 events/s.
 */
export const workVaries = 0.05

/** Loads of more events take so long to compute that fewer seeds must do. */
const largeLoadEvents = 5_000

export function isLarge({ load }: Pick<PredictionInput, 'load'>): boolean {
  return load.rrs * load.eventsPerRr > largeLoadEvents
}

/** The same question with `count` seeds from its own on, and with work spread as runs differ; it comes first, as it is. */
export function variations(input: PredictionInput, count: number): PredictionInput[] {
  return Array.from({ length: count }, (_, index) => {
    const factor = index === 0 ? 1 : 1 + workVaries * ((2 * (index - 1)) / (count - 2) - 1)
    const { workMsPerEvent, takeMsPerEvent } = input.figures
    const figures = { workMsPerEvent: workMsPerEvent * factor, takeMsPerEvent: takeMsPerEvent * factor }
    return { ...input, seed: input.seed + index, figures: { ...input.figures, ...figures } }
  })
}
