import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { scenarios } from '../../scenarios/index.ts'
import { ProcessEndedError, StackError } from '../errors.ts'
import { parseLimits } from '../gate/limits.ts'
import { describeMachine } from '../manifest.ts'
import { renderGate } from '../report/gate/index.ts'
import { crash as verdict } from '../report/verdict.fixture.ts'
import { cheap, noisy, plan, survived } from './gate.fixture.ts'
import { type GateJob, type GateOptions, runGate, runGates } from './gate.ts'

const dir = await mkdtemp(join(tmpdir(), 'culprit-gate-test-'))
afterAll(() => rm(dir, { recursive: true, force: true }))

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
      return survived(value)
    },
    ...options,
  })
  return { ran, result }
}

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
