import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { scenarios } from '../../../scenarios/index.ts'
import type { BisectRequest } from '../../command-line/commands/bisect.ts'
import { parseCommandLine } from '../../command-line/parse.ts'
import { InterruptedError, StackError } from '../../errors.ts'
import type { RunPlan } from '../../manifest.ts'
import { createRandom } from '../../random.ts'
import type { Verdict } from '../../verdict.ts'
import { bench } from '../campaign/campaign.fixture.ts'
import type { Means } from '../campaign/carry-out.ts'
import { bisect } from './bisect.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'culprit-bisect-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const MiB = 2 ** 20

function search(flags = '') {
  const line = `bisect --scenario high-load-quick --find memory --from 500m --to 1g${flags}`
  const machine = { memoryBytes: 2 ** 33, cpus: 2 }
  const known = { scenarios, profiles: ['as-reported'], causes: [], faults: [], proofs: [] }
  return parseCommandLine(line.split(' '), { ...known, ...machine }) as BisectRequest
}
const start = (means: Means, request = search(), isResumed = false) => bisect({ ...means, ...request, dir, isResumed })

/** Runs differ by some percent in what they need; which one needs what is a matter of its seed. */
const needs =
  (middleMiB: number) =>
  ({ scenario, seed }: RunPlan): Partial<Verdict> => {
    const need = middleMiB * (1 + 0.06 * (createRandom(seed * 7_919)() - 0.5)) * MiB
    const survived = scenario.limits.memoryLimitBytes >= need
    return survived ? { outcome: 'survived', diedMs: null } : { outcome: 'crashed' }
  }

test('finds a noisy threshold within 20 runs, and is no wider than 8 %', async () => {
  const { bisection } = await start(bench(needs(700)).means)
  expect(bisection.end).toBe('narrow enough')
  expect(bisection.runs).toBeLessThanOrEqual(20)
  const { low, high, dose } = bisection.located ?? { low: 0, high: 0, dose: 0 }
  expect(low).toBeLessThan(700 * MiB)
  expect(high).toBeGreaterThan(700 * MiB)
  expect(high / dose).toBeLessThanOrEqual(1.08)
})

test('interrupted and resumed, it makes the same runs as in one go', async () => {
  const whole = bench(needs(700))
  await start(whole.means)
  await rm(dir, { recursive: true })
  let left = 4
  const first = bench((plan) => {
    if (left-- === 0) throw new InterruptedError('interrupted')
    return needs(700)(plan)
  })
  expect((await start(first.means)).bisection).toMatchObject({ end: 'interrupted', runs: 4 })
  const second = bench(needs(700))
  // More runs may be allowed than at first; anything else is another search.
  await start(second.means, search(' --max-runs 25'), true)
  expect([...first.ran.slice(0, 4), ...second.ran]).toEqual(whole.ran)
  await expect(start(second.means, search(' --cpus 2'), true)).rejects.toThrow('made for something else: fixed was {}')
})

test('a run that is not known counts as neither', async () => {
  const { bisection } = await start(
    bench(() => ({ outcome: 'unknown', missing: ['saturated'] })).means,
    search(' --max-runs 3'),
  )
  expect(bisection).toMatchObject({ end: 'runs used up', located: null, runs: 3 })
  expect(bisection.doses).toEqual([{ dose: expect.any(Number), crashed: 0, survived: 0, neither: 3 }])
})

test('a threshold outside of what may be tried is told as such', async () => {
  const { bisection } = await start(bench(needs(9_000)).means)
  expect(bisection.end).toBe('above range')
})

test('a stack that never starts ends the search', async () => {
  const { ran, means } = bench(() => {
    throw new StackError('no redis')
  })
  expect((await start(means)).bisection).toMatchObject({
    end: 'nothing to try',
    why: [expect.stringContaining('no redis'), expect.anything(), expect.anything()],
  })
  expect(ran).toHaveLength(3)
})
