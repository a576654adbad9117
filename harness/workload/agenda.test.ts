import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createAgenda } from './agenda.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A clock that goes with the pretended timers, and on by itself while something is done: to look at it takes time as well. */
function aClock() {
  let workedMs = 0
  const work = (ms: number) => {
    workedMs += ms
  }
  const now = () => {
    work(0.001)
    return performance.now() + workedMs
  }
  return { clock: { now, burstAtEpochMs: 0 }, work }
}

test('what is due is done in order of time, then of asking; never before it is due', () => {
  const { clock } = aClock()
  const from = clock.now()
  const agenda = createAgenda(clock)
  const done: [string, boolean][] = []
  for (const [name, afterMs] of [
    ['c', 20.5],
    ['a', 3.2],
    ['b', 3.2],
    ['now', -5],
    ['d', 20.6],
  ] as const) {
    agenda.at(from + afterMs, () => done.push([name, clock.now() >= from + afterMs]))
  }
  vi.advanceTimersByTime(100)
  expect(done).toEqual(['now', 'a', 'b', 'c', 'd'].map((name) => [name, true]))
})

test('what is asked for meanwhile is done in its turn', () => {
  const { clock } = aClock()
  const agenda = createAgenda(clock)
  const done: number[] = []
  const again = (n: number) => () => {
    done.push(n)
    if (n < 5) agenda.at(clock.now(), again(n + 1))
  }
  agenda.at(clock.now() + 10, again(1))
  vi.advanceTimersByTime(50)
  expect(done).toEqual([1, 2, 3, 4, 5])
})

test('what is called off is not done, and keeps nothing up', () => {
  const { clock } = aClock()
  const agenda = createAgenda(clock)
  const done: string[] = []
  const cancel = agenda.at(clock.now() + 10, () => done.push('cancelled'))
  agenda.at(clock.now() + 20, () => done.push('kept'))
  cancel()
  cancel()
  vi.advanceTimersByTime(50)
  expect(done).toEqual(['kept'])
  agenda.at(clock.now() + 3_600_000, () => {})()
  expect(vi.getTimerCount()).toBe(0)
})

test('a burst leaves room for answers, and all of it is done', () => {
  const { clock, work } = aClock()
  const agenda = createAgenda(clock)
  const done: number[] = []
  let answers = 0
  for (let n = 0; n < 100; n++) {
    agenda.at(clock.now() + 5, () => {
      work(0.5)
      done.push(n)
    })
  }
  agenda.at(clock.now() + 5, () => setImmediate(() => answers++))
  vi.advanceTimersToNextTimer()
  expect(done.length).toBeLessThan(10)
  vi.advanceTimersByTime(1_000)
  expect(done).toEqual(Array.from({ length: 100 }, (_, n) => n))
  expect(answers).toBe(1)
})

test('who catches up does one thing that is due; the others have their turn when more answers were read', () => {
  const { clock, work } = aClock()
  const agenda = createAgenda(clock)
  const done: string[] = []
  for (const name of ['first', 'second', 'third']) agenda.at(clock.now() + 1, () => done.push(name))
  agenda.at(clock.now() + 10, () => done.push('later'))
  work(2)
  agenda.catchUp()
  expect(done).toEqual(['first'])
  agenda.catchUp()
  expect(done).toEqual(['first', 'second'])
  vi.advanceTimersByTime(0)
  expect(done).toEqual(['first', 'second', 'third'])
  agenda.catchUp()
  expect(done).toHaveLength(3)
})

test('where answers set connections free, a turn adds one thing to what they do, and a full one where none came', () => {
  const { clock, work } = aClock()
  const agenda = createAgenda(clock)
  let done = 0
  const inTurn = () => {
    const before = done
    vi.advanceTimersToNextTimer()
    return done - before
  }
  for (let n = 0; n < 200; n++) {
    agenda.at(clock.now() + 1, () => {
      work(0.02)
      done++
    })
  }
  work(2)
  const full = inTurn()
  expect(full).toBeGreaterThan(5)
  agenda.catchUp()
  expect([inTurn(), inTurn()]).toEqual([1, full])
})

test('one that throws does not keep the others from their turn', () => {
  const { clock } = aClock()
  const agenda = createAgenda(clock)
  const done: string[] = []
  agenda.at(clock.now() + 1, () => {
    throw new Error('broken')
  })
  agenda.at(clock.now() + 1, () => done.push('next'))
  expect(() => vi.advanceTimersByTime(5)).toThrow('broken')
  vi.advanceTimersByTime(5)
  expect(done).toEqual(['next'])
})

test('what is due sooner than a timer can be is not left to one, and answers are read meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  const clock = { now: () => performance.now(), burstAtEpochMs: 0 }
  const agenda = createAgenda(clock)
  let left = 10
  let early = 0
  let answers = 0
  await new Promise<void>((resolve) => {
    const armNext = () => {
      const dueMs = clock.now() + 0.5
      agenda.at(dueMs, () => {
        if (clock.now() < dueMs) early++
        left--
        if (left === 0) resolve()
        else armNext()
      })
    }
    const answer = () => {
      answers++
      if (left > 0) setImmediate(answer)
    }
    armNext()
    answer()
  })
  expect(early).toBe(0)
  expect(answers).toBeGreaterThan(10)
})
