import { type ChosenFault, type Fault, levels } from '../../fault.ts'
import { createRandom } from '../../random.ts'

/** Two at once, where each leaves the other time to show: what ends the service comes last. */
const pairs: readonly (readonly [string, string])[] = [
  ['page-cache', 'outside-kill'],
  ['pool-too-small', 'outside-kill'],
  ['row-lock-deadlock', 'outside-kill'],
  ['retry-storm', 'outside-kill'],
  ['cpu-quota', 'outside-kill'],
  ['pool-too-small', 'database-restart'],
  ['page-cache', 'database-restart'],
]
/** Of a pair: late enough for the other fault to show before. */
const lateLevels = levels.slice(0, 2)
const pairsPerDeck = 2

/** One run: which faults, if any, and the seed of the run. */
export interface Draw {
  readonly index: number
  readonly faults: readonly ChosenFault[]
  readonly seed: number
}

/** `count` draws, the same for the same seed: every fault comes once in each deck, and so does "no fault". */
export function draw(faults: readonly Fault[], seed: number, count: number): Draw[] {
  const random = createRandom(seed)
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T
  const byName = (name: string) => {
    const found = faults.find((fault) => fault.name === name)
    if (!found) throw new Error(`there is no fault ${name}`)
    return found
  }
  const draws: Draw[] = []
  while (draws.length < count) {
    const deck: (readonly Fault[])[] = [[], ...faults.map((fault) => [fault])]
    for (let n = 0; n < pairsPerDeck; n++) deck.push(pick(pairs).map(byName))
    while (deck.length > 0 && draws.length < count) {
      const [chosen = []] = deck.splice(Math.floor(random() * deck.length), 1)
      const isPair = chosen.length > 1
      const choices = chosen.map((fault) => {
        return { fault, level: pick(isPair && fault.name === 'outside-kill' ? lateLevels : levels) }
      })
      draws.push({ index: draws.length + 1, faults: choices, seed: Math.floor(random() * 1_000_000) })
    }
  }
  return draws
}
