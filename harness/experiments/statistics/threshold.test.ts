import { expect, test } from 'vitest'
import { createRandom } from '../../random.ts'
import { type Answer, createLocator } from './threshold.ts'

const doses = Array.from({ length: 56 }, (_, index) => Math.round(128 * 1.05 ** index))

/** Searches a threshold that differs from run to run by a normal share. */
function search(threshold: number, spread: number, seed: number, { moreHelps = true, runs = 20 } = {}) {
  const random = createRandom(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const locator = createLocator(doses, moreHelps)
  const answers: Answer[] = []
  for (let run = 0; run < runs; run++) {
    const dose = locator.next(answers, () => true)
    if (dose === null) throw new Error('no dose')
    const own = threshold * Math.exp(spread * normal())
    answers.push({ dose, survived: moreHelps ? dose >= own : dose <= own })
    const { low, high, dose: found } = locator.locate(answers)
    if (high / found <= 1.08 && low / found >= 0.92) break
  }
  return { ...locator.locate(answers), runs: answers.length }
}

test('a noisy threshold is found within 20 runs, and the interval holds it as often as it says', () => {
  let held = 0
  let narrow = 0
  const seeds = 15
  for (let seed = 1; seed <= seeds; seed++) {
    const found = search(500, 0.06, seed)
    if (found.low <= 500 && 500 <= found.high) held++
    if (found.high / found.dose <= 1.08 && found.low / found.dose >= 0.92) narrow++
  }
  expect(held / seeds).toBeGreaterThan(0.8)
  expect(narrow / seeds).toBeGreaterThan(0.75)
})

test('a sharp threshold takes half as many', () => {
  const found = search(500, 0.005, 1)
  expect(found.runs).toBeLessThanOrEqual(14)
  expect(found.dose).toBeGreaterThan(500 * 0.92)
  expect(found.dose).toBeLessThan(500 * 1.08)
})

test('where more of it harms, such as RRs, the search goes the other way', () => {
  const found = search(700, 0.03, 2, { moreHelps: false })
  expect(found.low).toBeLessThanOrEqual(700)
  expect(found.high).toBeGreaterThanOrEqual(700)
})

test('a threshold that is not among the doses is told as such, not as the nearest of them', () => {
  expect(search(40, 0.03, 3, { runs: 8 }).belowRange).toBeGreaterThan(0.9)
  expect(search(9_000, 0.03, 3, { runs: 8 }).aboveRange).toBeGreaterThan(0.9)
})

test('without an answer nothing is known, and a dose that is not allowed is not tried', () => {
  const locator = createLocator(doses, true)
  const { low, high } = locator.locate([])
  expect(high / low).toBeGreaterThan(16)
  expect(locator.next([], (dose) => dose > 1_000)).toBeGreaterThan(1_000)
  expect(locator.next([], () => false)).toBeNull()
})
