import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readGateHistory } from '../gate-history.ts'
import type { RunPlan } from '../manifest.ts'
import { crash as verdict } from '../report/verdict.fixture.ts'
import { cheap, noisy, plan, survived } from './gate.fixture.ts'
import { type GateRequest, runGates } from './gate.ts'
import { checkOut, defaultBaseline } from './sides.ts'

const dir = await mkdtemp(join(tmpdir(), 'culprit-gate-update-'))
afterAll(() => rm(dir, { recursive: true, force: true }))

/** A gate of `steady` whose candidate takes so many times as long, with --update. */
async function update(folder: string, factor: number, more: Partial<GateRequest> = {}) {
  const own = join(dir, folder)
  const baselinesDir = join(own, 'baselines')
  const sides = { baseline: plan(1), candidate: plan(2) }
  const request = {
    scenarios: [{ scenario: cheap, ...sides }],
    baseline: { text: 'current', revision: 'current' },
    candidate: { text: 'current', revision: 'current' },
    thresholds: [],
    update: true,
    name: 'steady',
    flags: {},
    ...more,
  }
  let runs = 0
  let ofBaseline = 0
  const runOnce = async ({ scenario: { service } }: RunPlan) => {
    if (service.poolSize === 1) ofBaseline++
    const p50Ms = (service.poolSize === 2 ? factor : 1) * noisy(++runs)
    return survived(p50Ms)
  }
  const findEngineFor = () => Promise.reject(new Error('no side is an image'))
  const means = { budgetMs: 60_000, seed: 1, dir: own, baselinesDir, say: () => {}, runOnce, findEngineFor }
  const gated = await runGates(request, means)
  return { ...gated, runs, ofBaseline, file: join(baselinesDir, 'steady.json') }
}

test('a gate that passes at its first look goes on for its stored baseline, and what was decided stays', async () => {
  const { results, runs, updated, file } = await update('kept', 1)
  expect(results[0]?.decision).toMatchObject({ answer: 'pass', pairs: 8 })
  expect(results[0]?.pairs).toHaveLength(8)
  expect(runs).toBe(2 * (1 + 21))
  expect(updated[0]).toContain('steady.json: 21 runs')
  expect(updated.join()).not.toContain('fewer')
  const kept = JSON.parse(await readFile(file, 'utf8'))
  expect(kept.runs).toHaveLength(21)
  expect(kept).toMatchObject({ limiter: verdict.memory.limiter, isChanged: expect.any(Boolean) })
})

test('against few stored runs, the next baseline has all of its own', async () => {
  const first = await update('few', 1)
  const stored = JSON.parse(await readFile(first.file, 'utf8'))
  await writeFile(first.file, JSON.stringify({ ...stored, runs: stored.runs.slice(0, 8) }))
  const { results, updated, ofBaseline } = await update('few', 1, { baseline: { text: 'stored', revision: 'stored' } })
  expect(results[0]).toMatchObject({
    decision: { pairs: 8 },
    baseline: expect.stringContaining('the stored baseline of'),
  })
  expect(updated[0]).toContain('steady.json: 21 runs')
  expect(ofBaseline).toBe(0)
})

test('a candidate that fails is not run any further, and is no baseline', async () => {
  const { results, runs, updated, file } = await update('failed', 2)
  expect(results[0]?.decision).toMatchObject({ answer: 'fail', pairs: 12 })
  expect(runs).toBe(2 * (1 + 12))
  expect(updated.join()).toContain('not written: the candidate failed')
  await expect(access(file)).rejects.toThrow('ENOENT')
})

test("a stored baseline is of the candidate's commit, not of the one that is checked out", async () => {
  const revision = await defaultBaseline()
  const { file } = await update('revision', 1, { candidate: { text: revision, revision } })
  await using checkout = await checkOut('--candidate', revision)
  const { commit } = checkout.side
  expect(commit).toMatch(/^[0-9a-f]{40}$/)
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ commit, isChanged: false })
})

test('the history tells the nights of a series from what was tried by hand, and knows a stand-in by its content', async () => {
  const revision = await defaultBaseline()
  const by = { update: false, baseline: { text: revision, revision } }
  await update('series', 1, { ...by, candidate: { text: revision, revision } })
  await update('series', 1, { ...by, candidate: { text: 'pool=2', revision: null } })
  const { lines } = await readGateHistory(join(dir, 'series', 'history.ndjson'))
  const content = expect.stringMatching(/^[0-9a-f]{40}$/)
  expect(lines).toMatchObject([
    { runtime: 'auto', sides: { candidate: { kind: 'revision', text: revision, standIn: content } } },
    { runtime: 'auto', sides: { candidate: { kind: 'settings', text: 'pool=2', commit: null, standIn: null } } },
  ])
  expect(lines[0]?.sides?.baseline).toEqual(lines[0]?.sides?.candidate)
})

test('where the baseline cannot be written, the reports of the finished scenario are', async () => {
  const own = join(dir, 'unwritable')
  await mkdir(own)
  await writeFile(join(own, 'baselines'), 'no folder')
  await expect(update('unwritable', 1)).rejects.toThrow('could not be written')
  const folder = (await readdir(own)).find((name) => name.startsWith('2')) ?? ''
  expect(await readdir(join(own, folder))).toContain('gate.html')
})
