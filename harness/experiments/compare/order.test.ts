import { expect, test } from 'vitest'
import { orderRuns } from './order.ts'

test('each repeat holds every cell once, in an order of its own', () => {
  const turns = orderRuns(8, 3, 1)
  const blocks = [1, 2, 3].map((repeat) => turns.slice(8 * (repeat - 1), 8 * repeat))
  for (const [index, block] of blocks.entries()) {
    expect(block.every((turn) => turn.repeat === index + 1)).toBe(true)
    expect(block.map(({ cell }) => cell).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  }
  const orders = blocks.map((block) => block.map(({ cell }) => cell).join())
  expect(new Set([...orders, '0,1,2,3,4,5,6,7']).size).toBe(4)
})

test('the same seed gives the same order, so that a resumed grid goes on in it', () => {
  expect(orderRuns(5, 2, 7)).toEqual(orderRuns(5, 2, 7))
  expect(orderRuns(5, 2, 7)).not.toEqual(orderRuns(5, 2, 8))
})
