import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { scenarios } from '../../scenarios/index.ts'
import { ProcessEndedError, StackError } from '../errors.ts'
import { parseLimits } from '../gate/limits.ts'
import { readGateHistory } from '../gate-history.ts'
import { describeMachine, type RunPlan } from '../manifest.ts'
import { renderGate } from '../report/gate/index.ts'
import { crash as verdict } from '../report/verdict.fixture.ts'
import { type GateJob, type GateOptions, type GateRequest, runGate, runGates } from './gate.ts'
import { checkOut, defaultBaseline } from './sides.ts'

const dir = await mkdtemp(join(tmpdir(), 'culprit-gate-test-'))
afterAll(() => rm(dir, { recursive: true, force: true }))

const [scenario] = scenarios
if (!scenario) throw new Error('there is no scenario')
const steady = scenarios.find(({ name }) => name === 'steady')
if (!steady) throw new Error('there is such a scenario')
const plan = (poolSize: number): RunPlan => ({
  scenario: { ...scenario, service: { ...scenario.service, poolSize } },
  seed: 1,
  runtime: 'auto',
  limiter: 'auto',
  expect: { expectation: 'any', from: '--expect' },
  command: '',
  replay: '',
})
const job: GateJob = {
  scenario: 'steady',
  limits: parseLimits(['p50 +5 %', 'lost = 0'], []),
  thresholds: [],
  baseline: { title: 'before', plan: plan(1) },
  candidate: { title: 'after', plan: plan(2) },
}

/** Plays a gate whose runs take what `p50Ms` says. Returns what was run, in order, besides the result. */
async function play(
  p50Ms: (side: 'baseline' | 'candidate', run: number) => number,
  options: Partial<GateOptions> = {},
  played: GateJob = job,
) {
  const ran: string[] = []
  const result = await runGate(played, {
    budgetMs: 60_000,
    seed: 1,
    dir,
    say: () => {},
    runOnce: async ({ scenario: { service }, seed }) => {
      const side = service.poolSize === 1 ? 'baseline' : 'candidate'
      const value = p50Ms(side, ran.length)
      ran.push(`${side} ${seed}`)
      const response = { count: 300, p50Ms: value, p95Ms: value, p99Ms: value, maxMs: value }
      const accounting = { ...verdict.accounting, acknowledgedAndLost: 0, droppedByClient: 0 }
      return { ...verdict, outcome: 'survived', latency: { ...verdict.latency, response }, accounting }
    },
    ...options,
  })
  return { ran, result }
}

const noisy = (run: number) => 1 + ((run * 7) % 5) / 500

test('both runs of a pair have one load, in an order that varies; the first pair is not counted', async () => {
  const { ran, result } = await play((_, run) => 10 * noisy(run))
  expect(result.decision).toMatchObject({ answer: 'pass', pairs: 8 })
  const pairs = Array.from({ length: 9 }, (_, index) => ran.slice(2 * index, 2 * index + 2))
  expect(ran).toHaveLength(18)
  for (const [index, pair] of pairs.entries()) {
    expect(pair.toSorted()).toEqual([`baseline ${index + 1}`, `candidate ${index + 1}`])
  }
  expect(new Set(pairs.map(([first]) => first?.split(' ')[0])).size).toBe(2)
})

test('a slower candidate fails, and the table says by how much', async () => {
  const { result } = await play((side, run) => (side === 'candidate' ? 12 : 10) * noisy(run))
  expect(result.decision.answer).toBe('fail')
  expect(renderGate([result])).toMatch(/\| steady \s*\| p50 \+5 % \| \+(19|20)\.\d % .*\| FAIL/)
})

test('a budget that ends early is unknown and says so; the history keeps the line', async () => {
  const { result, ran } = await play(() => 10, { budgetMs: 0 })
  expect(ran).toHaveLength(2)
  expect(result.decision).toMatchObject({ answer: 'unknown', pairs: 0 })
  expect(result.decision.because).toContain('the budget ended after 0 pairs')
  const last = (await readFile(join(dir, 'history.ndjson'), 'utf8')).trimEnd().split('\n').at(-1) ?? ''
  expect(JSON.parse(last)).toMatchObject({ scenario: 'steady', decision: { answer: 'unknown' } })
})

test('the budget begins after the warm-up pair, and further pairs are expected to take what pairs took', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    // Two minutes to unpack what the stack is made of, then ten seconds for a pair.
    const slowAtFirst = (side: string, run: number) => {
      if (side === 'candidate') vi.advanceTimersByTime(run < 2 ? 121_000 : 10_000)
      return 10 * noisy(run)
    }
    const { result } = await play(slowAtFirst, { budgetMs: 240_000 })
    expect(result.decision).toMatchObject({ answer: 'pass', pairs: 8 })
    const { result: short } = await play(slowAtFirst, { budgetMs: 55_000 })
    expect(short.decision.because).toContain('the budget ended after 5 pairs')
    // One pair that was held up does not stand for those to come.
    const heldUp = (side: string, run: number) => {
      if (side === 'candidate') vi.advanceTimersByTime(run === 4 || run === 5 ? 30_000 : 10_000)
      return 10 * noisy(run)
    }
    const { result: uneven } = await play(heldUp, { budgetMs: 75_000 })
    expect(uneven.decision.because).toContain('the budget ended after 5 pairs')
  } finally {
    vi.useRealTimers()
  }
})

test('a stack that never starts ends the gate; one that fails later costs its pair', async () => {
  const down = () => Promise.reject(new StackError('no PostgreSQL'))
  await expect(play(() => 10, { runOnce: down })).rejects.toThrow(StackError)
  const { result } = await play((_, run) => {
    if (run === 4) throw new StackError('no PostgreSQL')
    return 10 * noisy(run)
  })
  expect(result.decision.leftOut).toBeGreaterThan(0)
  expect(result.decision.because.join()).toContain('could not start: no PostgreSQL')
})

test('a process that ended by itself costs its pair, the warm-up included', async () => {
  const message = 'the process of a run ended by itself (SIGKILL)'
  const { result } = await play((_, run) => {
    if (run === 0 || run === 4) throw new ProcessEndedError(message)
    return 10 * noisy(run)
  })
  expect(result.decision.leftOut).toBeGreaterThan(0)
  expect(result.decision.because.join()).toContain(`the first one because: ${message}`)
})

test('a later scenario that cannot start is unknown, and what is finished stays', async () => {
  const own = join(dir, 'own')
  const [steady, burst] = ['steady', 'burst'].map((name) => scenarios.find((one) => one.name === name))
  if (!steady || !burst) throw new Error('there are such scenarios')
  const sides = { baseline: plan(1), candidate: plan(2) }
  const request = {
    scenarios: [
      { scenario: cheap, ...sides },
      { scenario: { ...burst, thresholds: [] }, ...sides },
    ],
    baseline: null,
    candidate: { text: 'pool=2', revision: null },
    thresholds: [],
    update: false,
    name: null,
    flags: { candidate: 'pool=2' },
  }
  let runs = 0
  const said: string[] = []
  const gating = runGates(request, {
    budgetMs: 0,
    seed: 1,
    dir: own,
    say: (message) => said.push(message),
    findEngineFor: () => Promise.reject(new Error('no side is an image')),
    runOnce: async () => {
      if (++runs > 2) throw new StackError('no PostgreSQL', { hint: 'space', logTail: ['disk full'] })
      return verdict
    },
  })
  const { results } = await gating
  expect(results.map(({ scenario, decision }) => [scenario, decision.answer])).toEqual([
    ['steady', 'unknown'],
    ['burst', 'unknown'],
  ])
  expect(renderGate(results)).toContain('burst: the warm-up pair could not start: no PostgreSQL; try: space')
  expect(said).toContain('  | disk full')
  const folder = (await readdir(own)).find((name) => name.startsWith('2')) ?? ''
  expect((await readdir(join(own, folder))).sort()).toEqual(['gate.html', 'gate.json', 'gate.junit.xml'])
  const told = JSON.parse(await readFile(join(own, folder, 'gate.json'), 'utf8'))
  expect(told).toMatchObject({
    answer: 'unknown',
    scenarios: ['steady', 'burst'],
    results: [
      { scenario: 'steady', baseline: 'the stand-in as it lies here' },
      { scenario: 'burst', pairs: [] },
    ],
    // What the default was, is said: the same command may mean another revision tomorrow.
    command: 'npm run gate -- --candidate pool=2 --baseline current',
  })
  expect(await readFile(join(own, folder, 'gate.html'), 'utf8')).toContain('no PostgreSQL')
})

const cheap = { ...steady, gate: ['p50 +5 %', 'lost = 0'], thresholds: [] }

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
    const response = { count: 300, p50Ms, p95Ms: p50Ms, p99Ms: p50Ms, maxMs: p50Ms }
    const accounting = { ...verdict.accounting, acknowledgedAndLost: 0, droppedByClient: 0 }
    return { ...verdict, outcome: 'survived' as const, latency: { ...verdict.latency, response }, accounting }
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

test('images are looked for before anything starts, and both sides run where they are', async () => {
  const steady = scenarios.find(({ name }) => name === 'steady')
  if (!steady) throw new Error('there is such a scenario')
  const asked: unknown[] = []
  const ran: unknown[] = []
  const request = {
    scenarios: [{ scenario: cheap, baseline: plan(1), candidate: plan(2) }],
    baseline: null,
    candidate: { text: 'image:datastorage:2', revision: null, image: 'datastorage:2' },
    thresholds: [],
    update: false,
    name: 'steady',
    flags: {},
  }
  const { results } = await runGates(request, {
    budgetMs: 0,
    seed: 1,
    dir: join(dir, 'images'),
    say: () => {},
    async findEngineFor(wanted, runtime) {
      asked.push(wanted, runtime, ran.length)
      return 'podman'
    },
    runOnce: async ({ runtime, serviceEntry }) => {
      ran.push([runtime, serviceEntry])
      return verdict
    },
  })
  expect(asked).toEqual([[{ flag: '--candidate', image: 'datastorage:2' }], 'auto', 0])
  expect(ran).toEqual([
    ['podman', undefined],
    ['podman', undefined],
  ])
  expect(results).toMatchObject([{ baseline: 'the stand-in as it lies here', candidate: 'the image datastorage:2' }])
})

test('with a stored baseline the candidate is run beside itself, as often as there are runs to compare with', async () => {
  const { ran } = await play((_, run) => noisy(run))
  const run = { unusable: null, crashed: false, values: { p50: 1, p95: 1, p99: 1, 'peak memory': 1, lost: 0 } }
  const stored = {
    schemaVersion: 1 as const,
    scenario: 'steady',
    definition: '',
    writtenAt: '2026-01-01T00:00:00.000Z',
    commit: null,
    machine: { ...describeMachine(), kernel: 'another one' },
    runs: [run, run, run],
  }
  const { ran: alone, result } = await play((_, n) => noisy(n), {}, { ...job, stored })
  expect(ran.some((one) => one.startsWith('baseline'))).toBe(true)
  expect(alone.filter((one) => one.startsWith('baseline'))).toEqual([])
  expect(alone).toHaveLength(2 * (3 + 1))
  expect(result.decision).toMatchObject({
    answer: 'unknown',
    because: ['the stored baseline has 3 runs only', expect.stringContaining('of another machine')],
  })
  expect(result.pairs.map(({ baseline }) => baseline)).toEqual(stored.runs)
})
