import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createDeadlines, type Deadline } from './deadlines.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

interface Named extends Deadline<Named> {
  readonly name: string
}

function scene() {
  const fromMs = performance.now()
  const expired: [string, number][] = []
  const deadlines = createDeadlines<Named>(({ name }) => expired.push([name, performance.now() - fromMs]))
  const set = (name: string, lengthMs: number) => {
    const one: Named = { name, dueMs: 0, among: null, earlier: null, later: null }
    deadlines.set(one, lengthMs, performance.now())
    return one
  }
  return { deadlines, set, expired }
}

test('each expires when its time is over, however long the others have', () => {
  const { set, expired } = scene()
  set('long', 1_000)
  set('short', 300)
  vi.advanceTimersByTime(100)
  set('next', 1_000)
  set('next short', 300)
  vi.advanceTimersByTime(5_000)
  expect(expired).toEqual([
    ['short', 300],
    ['next short', 400],
    ['long', 1_000],
    ['next', 1_100],
  ])
})

test.each([0, 1, 2])('one that is called off does not expire, and the others do (%i)', (place) => {
  const { deadlines, set, expired } = scene()
  const all = ['a', 'b', 'c'].map((name) => set(name, 1_000))
  vi.advanceTimersByTime(500)
  const off = all[place] as Named
  deadlines.callOff(off)
  deadlines.callOff(off)
  vi.advanceTimersByTime(5_000)
  expect(expired.map(([name]) => name)).toEqual(['a', 'b', 'c'].filter((name) => name !== off.name))
})

test('one may be set or called off while another expires', () => {
  const names: string[] = []
  const make = (name: string): Named => ({ name, dueMs: 0, among: null, earlier: null, later: null })
  const [a, b, c] = ['a', 'b', 'c'].map(make) as [Named, Named, Named]
  const deadlines = createDeadlines<Named>(({ name }) => {
    names.push(name)
    if (name !== 'a') return
    deadlines.callOff(b)
    deadlines.set(c, 1_000, performance.now())
  })
  for (const one of [a, b]) deadlines.set(one, 1_000, performance.now())
  vi.advanceTimersByTime(1_500)
  expect(names).toEqual(['a'])
  vi.advanceTimersByTime(1_500)
  expect(names).toEqual(['a', 'c'])
})

test('forgotten ones leave no timer behind, nor do those that are over', () => {
  const { deadlines, set, expired } = scene()
  set('a', 1_000)
  deadlines.callOff(set('b', 300))
  vi.advanceTimersByTime(300)
  expect(vi.getTimerCount()).toBe(1)
  deadlines.clear()
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(5_000)
  expect(expired).toEqual([])
})
