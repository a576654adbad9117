import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { scenarios } from '../../scenarios/index.ts'
import { decide } from '../gate/decide.ts'
import { parseLimits } from '../gate/limits.ts'
import { notRun } from '../gate/metrics.ts'
import type { Measured } from '../gate-result.ts'
import { readStoredBaseline, softenFor, updateStoredBaseline } from './stored-baseline.ts'

const dir = await mkdtemp(join(tmpdir(), 'culprit-baseline-test-'))
afterAll(() => rm(dir, { recursive: true, force: true }))

const steady = scenarios.find(({ name }) => name === 'steady')
if (!steady) throw new Error('there is such a scenario')
const path = join(dir, 'steady.json')

/** Twelve runs that hardly differ. */
const runs = (factor: number, lost = 0): Measured[] =>
  Array.from({ length: 12 }, (_, index) => {
    const times = factor * (1 + index / 1000)
    return {
      unusable: null,
      crashed: false,
      values: { p50: 4 * times, p95: 9 * times, p99: 20 * times, 'peak memory': 9e7, lost },
    }
  })
const limits = parseLimits(['p50 +5 %', 'lost = 0'], [])
const against = (before: readonly Measured[], after: readonly Measured[]) =>
  decide(
    after.flatMap((candidate, index) => {
      const baseline = before[index]
      return baseline ? [{ baseline, candidate }] : []
    }),
    limits,
  )

beforeEach(async () => {
  await updateStoredBaseline(steady, runs(1), dir)
})

test('what was kept is read again, and the next one says what changed', async () => {
  expect((await readStoredBaseline(steady, dir)).runs).toEqual(runs(1))
  const changes = await updateStoredBaseline(steady, [...runs(2), notRun('the generator was saturated')], dir)
  expect(changes[0]).toMatch(/steady\.json: 12 runs, medians \(before: \d{4}-\d\d-\d\d\)$/)
  expect(changes).toContain('  p50: 4.022 -> 8.044')
  expect((await readStoredBaseline(steady, dir)).runs).toEqual(runs(2))
})

test('without a run that can be used, what was there stays', async () => {
  const [only] = await updateStoredBaseline(steady, [notRun('no start')], dir)
  expect(only).toContain('not written')
  expect((await readStoredBaseline(steady, dir)).runs).toEqual(runs(1))
})

test.each([
  ['of another scenario', { scenario: 'burst' }, 'is of another scenario, burst'],
  ['of another schema', { schemaVersion: 99 }, 'is no baseline of version 1: schemaVersion'],
  ['of another load', { definition: 'other' }, 'was measured under another definition of steady'],
  ['that is empty', { runs: [] }, 'holds no runs'],
])('one %s is refused with what to do', async (_, change, problem) => {
  const stored = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify({ ...stored, ...change }))
  await expect(readStoredBaseline(steady, dir)).rejects.toMatchObject({
    name: 'InputError',
    problems: [expect.stringContaining(problem)],
  })
})

test('none, or one that is cut off, is refused', async () => {
  await writeFile(path, '{"schemaVersion":1')
  await expect(readStoredBaseline(steady, dir)).rejects.toThrow('is no JSON')
  await rm(path)
  await expect(readStoredBaseline(steady, dir)).rejects.toThrow('npm run gate -- steady --update')
})

test('on another machine a slower candidate is not known, what it lost fails there too; here both fail', async () => {
  const here = await readStoredBaseline(steady, dir)
  const elsewhere = { ...here, machine: { ...here.machine, cpuModel: 'another CPU' } }
  const slower = against(here.runs, runs(1.2))
  expect(softenFor(here, slower).answer).toBe('fail')
  expect(softenFor(elsewhere, slower)).toMatchObject({
    answer: 'unknown',
    because: [expect.stringContaining('of another machine (')],
  })
  expect(softenFor(elsewhere, against(here.runs, runs(1, 3))).answer).toBe('fail')
  expect(softenFor(elsewhere, against(here.runs, runs(1))).answer).toBe('pass')
})
