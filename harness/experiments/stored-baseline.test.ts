import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { scenarios } from '../../scenarios/index.ts'
import { StackError } from '../errors.ts'
import { decide } from '../gate/decide.ts'
import { parseLimits } from '../gate/limits.ts'
import { notRun } from '../gate/metrics.ts'
import type { Measured } from '../gate-result.ts'
import { type Kept, readStoredBaseline, softenFor, titleOf, updateStoredBaseline } from './stored-baseline.ts'

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
      limiter: 'cgroup-v1' as const,
      values: { p50: 4 * times, p95: 9 * times, p99: 20 * times, 'peak memory': 9e7, lost },
    }
  })
const kept = (made: readonly Measured[], more: Partial<Kept> = {}): Kept => {
  return { answer: 'pass', commit: '0123456789abcdef', isChanged: false, runs: made, ...more }
}
/** What a file has of runs: what limited them is said once. */
const inFile = (made: readonly Measured[]) => made.map(({ limiter: _, ...run }) => run)
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
  await updateStoredBaseline(steady, kept(runs(1)), dir)
})

test('what was kept is read again, and the next one says what changed', async () => {
  expect((await readStoredBaseline(steady, dir)).runs).toEqual(inFile(runs(1)))
  const changes = await updateStoredBaseline(steady, kept([...runs(2), notRun('saturated')]), dir)
  expect(changes[0]).toMatch(/steady\.json: 12 runs, medians \(before: \d{4}-\d\d-\d\d\)$/)
  expect(changes).toContain('  p50: 4.022 -> 8.044')
  expect((await readStoredBaseline(steady, dir)).runs).toEqual(inFile(runs(2)))
})

test('without a run that can be used, what was there stays', async () => {
  const [only] = await updateStoredBaseline(steady, kept([notRun('no start')]), dir)
  expect(only).toContain('not written')
  expect((await readStoredBaseline(steady, dir)).runs).toEqual(inFile(runs(1)))
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

test('a clone has no folder for it: it is made, and one that cannot be made is a problem of the stack', async () => {
  const missing = join(dir, 'results', 'baselines')
  await updateStoredBaseline(steady, kept(runs(1)), missing)
  expect((await readStoredBaseline(steady, missing)).runs).toHaveLength(12)
  await expect(updateStoredBaseline(steady, kept(runs(1)), join(path, 'in-a-file'))).rejects.toThrow(StackError)
})

test('a candidate that failed becomes no baseline: what was there stays, and the lines say so', async () => {
  expect(await updateStoredBaseline(steady, kept(runs(2), { answer: 'fail' }), dir)).toEqual([
    expect.stringMatching(/steady\.json: not written: the candidate failed; what was there stays$/),
  ])
  expect((await readStoredBaseline(steady, dir)).runs).toEqual(inFile(runs(1)))
  const none = join(dir, 'none')
  await updateStoredBaseline(steady, kept(runs(2), { answer: 'fail' }), none)
  await expect(access(none)).rejects.toThrow('ENOENT')
})

test("the baseline is told by the candidate's commit, and by the changes that it had", async () => {
  expect(titleOf(await readStoredBaseline(steady, dir))).toMatch(/ \(0123456789ab\)$/)
  await updateStoredBaseline(steady, kept(runs(1), { isChanged: true }), dir)
  expect(titleOf(await readStoredBaseline(steady, dir))).toMatch(/ \(0123456789ab, with changes\)$/)
})

test.each([
  [9, 'fewer than 10 runs: nothing but lost events, thresholds and a crash can fail against them'],
  [10, 'fewer than 12 runs: a candidate can pass against them, and hardly fail'],
])('of %i runs it is said what cannot fail against them, which is so', async (count, note) => {
  const lines = await updateStoredBaseline(steady, kept(runs(1).slice(0, count)), dir)
  expect(lines.at(-1)?.trim()).toBe(note)
  const ofSteady = parseLimits(steady.gate ?? [], [])
  const pairs = runs(1)
    .slice(0, count)
    .map((baseline, index) => ({ baseline, candidate: runs(100)[index] ?? baseline }))
  expect(decide(pairs, ofSteady, [], true).answer === 'fail').toBe(count === 10)
})

test('twelve runs need no such note', async () => {
  expect((await updateStoredBaseline(steady, kept(runs(1)), dir)).join()).not.toContain('fewer')
})

test('on another machine a slower candidate is not known, what it lost fails there too; here both fail', async () => {
  const here = await readStoredBaseline(steady, dir)
  const elsewhere = { ...here, machine: { ...here.machine, cpuModel: 'another CPU' } }
  const soften = (stored: typeof here, made: readonly Measured[]) => softenFor(stored, against(here.runs, made), made)
  expect(soften(here, runs(1.2)).answer).toBe('fail')
  expect(soften(elsewhere, runs(1.2))).toMatchObject({
    answer: 'unknown',
    because: [expect.stringContaining('of another machine (')],
  })
  expect(soften(elsewhere, runs(1, 3)).answer).toBe('fail')
  expect(soften(elsewhere, runs(1)).answer).toBe('pass')
})

test('a machine that is alike is another one all the same, told apart without its name in the file', async () => {
  expect(await readFile(path, 'utf8')).not.toContain(hostname())
  const here = await readStoredBaseline(steady, dir)
  const { host: _, ...nameless } = here
  const slower = against(here.runs, runs(1.2))
  expect(softenFor({ ...here, host: '0123456789ab' }, slower, runs(1.2))).toMatchObject({
    answer: 'unknown',
    because: ['the stored baseline is of another machine of the same kind: it warns, and fails nothing'],
  })
  expect(softenFor(nameless, slower, runs(1.2))).toMatchObject({
    answer: 'unknown',
    because: ['the stored baseline is of a machine that it does not name: it warns, and fails nothing'],
  })
})

test('under another limiter a difference may be that one: nothing fails by it, and both are named', async () => {
  const here = await readStoredBaseline(steady, dir)
  const watched = runs(1.2).map((run) => ({ ...run, limiter: 'watchdog' as const }))
  const [metric] = softenFor(here, against(here.runs, watched), watched).metrics
  expect(metric?.answer).toBe('unknown')
  expect(softenFor(here, against(here.runs, watched), watched).because).toEqual([
    'the stored baseline is made under another limiter (cgroup-v1, here watchdog): it warns, and fails nothing',
  ])
})
