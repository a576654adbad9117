import { describe, expect, test } from 'vitest'
import { createRandom } from '../random.ts'
import type { Load } from '../scenario.ts'
import { planLoad } from './life-cycle.ts'

const load: Load = {
  rrs: 100,
  eventsPerRr: 4,
  lifeMs: 30_000,
  spreadMs: 200,
  pace: null,
  queriesPerSec: 0,
  approvalShare: 0,
  emitter: 'per-rr',
}
const options = { seed: 7, runId: 'a', flushMs: 1_000 }

test('the generator is mulberry32: its first numbers for seed 1', () => {
  const random = createRandom(1)
  expect([random(), random(), random()].map((value) => Math.floor(value * 2 ** 32))).toEqual([
    2693262067, 11749833, 2265367787,
  ])
})

test('the same seed gives the same plan, another seed another', () => {
  expect(planLoad(load, options)).toEqual(planLoad(load, options))
  expect(planLoad(load, { ...options, seed: 8 })).not.toEqual(planLoad(load, options))
})

test('a life begins with started within the spread, and ends with completed or failed in its last third', () => {
  const plan = planLoad(load, options)
  expect(plan).toHaveLength(100)
  for (const { events } of plan) {
    const [first, ...others] = events
    const last = others.pop()
    expect(first?.type).toBe('orchestrator.lifecycle.started')
    expect(first?.intendedMs).toBeLessThan(200)
    expect(others.map((event) => event.type)).toEqual(Array(2).fill('orchestrator.phase.transition'))
    expect(last?.type).toMatch(/^orchestrator\.lifecycle\.(completed|failed)$/)
    expect(last?.intendedMs).toBeGreaterThanOrEqual(19_800)
    expect(last?.intendedMs).toBeLessThan(30_000)
    for (const event of others) {
      expect(event.intendedMs).toBeGreaterThanOrEqual(500)
      expect(event.intendedMs).toBeLessThanOrEqual(last?.intendedMs ?? 0)
    }
  }
})

test('about one life in ten fails', () => {
  const endings = planLoad({ ...load, rrs: 1_000 }, options).map((rr) => rr.events.at(-1)?.type)
  const failed = endings.filter((type) => type === 'orchestrator.lifecycle.failed').length
  expect(failed).toBeGreaterThan(70)
  expect(failed).toBeLessThan(130)
})

test('a pace creates 20 RRs each 2 s, and each client flushes within an interval of its start', () => {
  const plan = planLoad({ ...load, pace: { rrs: 20, everyMs: 2_000 } }, options)
  expect([0, 19, 20, 99].map((index) => plan[index]?.startMs)).toEqual([0, 0, 2_000, 8_000])
  for (const { startMs, flushPhaseMs, events } of plan) {
    expect(events[0]?.intendedMs).toBeGreaterThanOrEqual(startMs)
    expect(flushPhaseMs).toBeGreaterThanOrEqual(startMs)
    expect(flushPhaseMs).toBeLessThan(startMs + 1_000)
  }
})

test('no RR of one run shares its name with another, of this run or the next', () => {
  const names = ['a', 'b'].flatMap((runId) => planLoad(load, { ...options, runId }).map((rr) => rr.name))
  expect(new Set(names).size).toBe(200)
})

describe('approvals', () => {
  const plain = planLoad({ ...load, rrs: 1_000 }, options)
  const some = planLoad({ ...load, rrs: 1_000, approvalShare: 0.2 }, options)
  const asking = some.filter((rr) => rr.events.length > 4)
  const typesOf = ({ events }: (typeof some)[number]) => events.map((event) => event.type)

  test('about the share asks, and all other lives stay as they were', () => {
    expect(asking.length).toBeGreaterThan(160)
    expect(asking.length).toBeLessThan(240)
    for (const [index, rr] of some.entries()) if (!asking.includes(rr)) expect(rr).toEqual(plain[index])
  })

  test('a larger share adds lives to those of a smaller one', () => {
    const more = planLoad({ ...load, rrs: 1_000, approvalShare: 0.4 }, options)
    for (const [index, rr] of some.entries()) if (asking.includes(rr)) expect(more[index]).toEqual(rr)
  })

  test('a question is answered once, after it was asked and within the life', () => {
    for (const rr of asking) {
      const types = typesOf(rr)
      const answers = types.filter((type) => /approval\.(approved|rejected|expired)$/.test(type))
      expect(answers).toHaveLength(1)
      expect(types.indexOf('orchestrator.approval.requested')).toBeLessThan(
        types.findIndex((type) => answers.includes(type)),
      )
      expect(types[0]).toBe('orchestrator.lifecycle.started')
      const times = rr.events.map((event) => event.intendedMs)
      expect(times).toEqual([...times].sort((a, b) => a - b))
    }
  })

  test('what is not approved is reviewed by hand and fails; every answer occurs', () => {
    const isApproved = (rr: (typeof some)[number]) => typesOf(rr).includes('orchestrator.approval.approved')
    for (const rr of asking) {
      const types = typesOf(rr)
      expect(types.includes('orchestrator.remediation.manual_review')).toBe(!isApproved(rr))
      if (!isApproved(rr)) expect(types.at(-1)).toBe('orchestrator.lifecycle.failed')
    }
    const all = new Set(asking.flatMap(typesOf))
    for (const answer of ['approved', 'rejected', 'expired']) expect(all).toContain(`orchestrator.approval.${answer}`)
  })
})
