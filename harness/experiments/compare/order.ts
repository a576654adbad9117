import { shuffle } from 'simple-statistics'
import { createRandom } from '../../random.ts'

/** A run of the grid: the index of its cell, and its repeat from 1 on. */
export interface Turn {
  readonly cell: number
  readonly repeat: number
}

/**
 * All cells in random order, then all of them again in another one: a noisy hour falls on a repeat of every cell, not on
 * all repeats of one. The same seed gives the same order.
 */
export function orderRuns(cells: number, repeats: number, seed: number): Turn[] {
  return Array.from({ length: repeats }, (_, index) => {
    // Far apart, since small seeds next to each other begin alike.
    const random = createRandom(seed + 7_919 * (index + 1))
    const block = Array.from({ length: cells }, (_, cell) => ({ cell, repeat: index + 1 }))
    return shuffle(block, random)
  }).flat()
}
