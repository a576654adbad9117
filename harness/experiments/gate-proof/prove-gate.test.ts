import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { scenarios } from '../../../scenarios/index.ts'
import { createRandom, type Random } from '../../random.ts'
import { crash as verdict } from '../../report/verdict.fixture.ts'
import type { Scenario } from '../../scenario.ts'
import { amountFor, worsenings } from './candidates.ts'
import { type ProveGateOptions, proveGate } from './prove-gate.ts'

const dirs: string[] = []
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true })
})

/** Without what a record is needed for: there are verdicts alone. */
const played = scenarios
  .filter(({ name }) => name === 'steady' || name === 'burst')
  .map((scenario): Scenario => ({ ...scenario, gate: ['p50 +5 %', 'peak memory +5 %', 'lost = 0'], thresholds: [] }))

const normal = (random: Random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/**
 * A world whose runs vary by a share, and cost what the profile says: 0.4 ms of CPU make 2 ms a fifth longer, and by more
 * than that where requests queue.
 */
async function world(varies: number, { queues = 0, ...options }: Partial<ProveGateOptions> & { queues?: number } = {}) {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'culprit-gate-proof-')))
  dirs.push(dir)
  const ran: string[] = []
  const proven = await proveGate(played, {
    dir,
    runs: 200,
    commit: 'abcdef0123456789',
    say: () => {},
    judgeAgain: () => Promise.reject(new Error('no record is kept here')),
    runOnce: async ({ scenario: { name, service }, seed }, folder) => {
      ran.push(name)
      // Of its own, for the two of a pair run at the same time; and not of the time, which a live gate's folder is called by.
      const run = `${basename(folder).replace(/^[\dT-]+/, '')} ${seed}`
      const random = createRandom(createHash('sha256').update(run).digest().readUInt32LE())
      const { cpuMsPerEvent = 0, holdBytes = 0 } = service.profileOptions
      const vary = (value: number) => value * Math.exp(varies * normal(random))
      const p50Ms = vary(2 + cpuMsPerEvent + queues * cpuMsPerEvent ** 2)
      const response = { count: 300, p50Ms, p95Ms: p50Ms, p99Ms: p50Ms, maxMs: p50Ms }
      return {
        ...verdict,
        outcome: 'survived',
        latency: { ...verdict.latency, response },
        memory: { ...verdict.memory, peakBytes: vary(100e6 + holdBytes) },
        accounting: { ...verdict.accounting, acknowledgedAndLost: 0, droppedByClient: 0 },
      }
    },
    ...options,
  })
  const rows = proven.table.split('\n').filter((line) => line.startsWith('|'))
  return { dir, ran, proven, rows }
}

test('in a quiet world all claims hold: nothing alike fails, and what is worse is caught', async () => {
  const { proven, rows, dir } = await world(0.01)
  expect(proven.held).toBe(true)
  expect(rows.join('\n')).not.toContain('DOES NOT HOLD')
  expect(rows.filter((row) => row.includes('holds'))).toHaveLength(6)
  expect(rows.find((row) => row.includes('10 % slower') && row.includes('| steady '))).toMatch(/p50 \+(9|10|11)\.\d %/)
  expect(await readFile(join(dir, 'gate', 'table.md'), 'utf8')).toContain('Measured at abcdef012345')
})

test('in a noisy world nothing alike fails either, and a tenth is not caught, which is said', async () => {
  const { proven, rows } = await world(0.2)
  expect(proven.held).toBe(false)
  const same = rows.filter((row) => row.includes('the same thing'))
  expect(same.filter((row) => row.includes('DOES NOT HOLD'))).toEqual([])
  expect(rows.filter((row) => row.includes('10 % slower')).join('\n')).toContain('DOES NOT HOLD')
})

test('few runs play one gate of each kind, and prove nothing', async () => {
  const { proven, rows, ran } = await world(0.01, { runs: 1 })
  expect(proven.held).toBeNull()
  expect(rows.filter((row) => row.includes('too little to tell'))).toHaveLength(6)
  // Of two scenarios twice two pairs to scale by, then three pairs; then three gates live.
  expect(ran.length).toBeGreaterThan(2 * (4 + 3) * 2)
})

test('a proof that breaks off in its live gates has written what the recorded runs say', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'culprit-gate-proof-'))
  const breaking = world(0.01, {
    dir,
    say: (what) => {
      if (what.startsWith('live gate')) throw new Error('broken off')
    },
  })
  await expect(breaking).rejects.toThrow('broken off')
  expect(await readFile(join(dir, 'gate', 'table.md'), 'utf8')).toContain('| 10 % slower')
})

test('an interrupted proof goes on where it stopped', async () => {
  const { dir, ran: before } = await world(0.01, { runs: 8 })
  const { ran, proven } = await world(0.01, { runs: 8, dir })
  expect(before.length).toBeGreaterThan(0)
  expect(ran).toEqual([])
  expect(proven.table).toContain('the same thing')
})

test('what a kill cut off is made again, with its pair, and what follows it is kept', async () => {
  const { dir } = await world(0.01, { runs: 8 })
  for (const file of ['runs.ndjson', 'live.ndjson']) {
    const text = await readFile(join(dir, 'gate', file), 'utf8')
    await writeFile(join(dir, 'gate', file), text.slice(0, -2))
  }
  expect((await world(0.01, { runs: 8, dir })).ran.length).toBeGreaterThan(2)
  expect((await world(0.01, { runs: 8, dir })).ran).toEqual([])
})

test('amounts are scaled from what was seen, and what hardly showed is raised a little', () => {
  const [slower] = worsenings
  const run = (p50: number) => ({ unusable: null, crashed: false, values: { p50 } })
  expect(amountFor(slower, 0.4, [{ baseline: run(5), candidate: run(7) }])).toBe(0.1)
  expect(amountFor(slower, 0.1, [{ baseline: run(5), candidate: run(5.2) }])).toBe(0.25)
  expect(amountFor(slower, 0.1, [{ baseline: run(5), candidate: run(5.01) }])).toBe(0.3)
  expect(amountFor(slower, 0.4, [])).toBe(0.4)
})

test('what costs more than its share when there is much of it is scaled near what is wanted', async () => {
  const { rows } = await world(0.01, { queues: 1 })
  expect(rows.find((row) => row.includes('10 % slower') && row.includes('| steady '))).toMatch(/p50 \+(9|10|11)\.\d %/)
})
