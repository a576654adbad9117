import { appendFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { scenarios } from '../../scenarios/index.ts'
import type { RunPlan } from '../manifest.ts'
import { crash } from '../report/verdict.fixture.ts'
import type { Verdict } from '../verdict.ts'
import { listProofs } from './proofs/index.ts'
import type { Proof } from './proofs/proof.ts'
import { prove } from './prove.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'culprit-test-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const highLoad = scenarios.find((scenario) => scenario.name === 'high-load')
if (!highLoad) throw new Error('no scenario high-load')

const survival: Verdict = { ...crash, outcome: 'survived', diedMs: null, chain: [] }
const proof: Proof = {
  name: 'a-proof',
  description: 'two rows',
  rows: [
    { name: 'dies', scenario: highLoad, check: (v) => (v.outcome === 'crashed' ? [] : ['did not die']) },
    { name: 'lives', scenario: { ...highLoad, limits: { memoryLimitBytes: 1, cpus: 1 } }, check: () => [] },
  ],
}

function bench(answer: (plan: RunPlan) => Verdict = () => crash) {
  const ran: string[] = []
  const runOnce = async (plan: RunPlan) => {
    ran.push(`${plan.scenario.limits.memoryLimitBytes === 1 ? 'lives' : 'dies'} ${plan.seed}`)
    return answer(plan)
  }
  const judged: string[] = []
  const judgeAgain = async (folder: string) => {
    judged.push(folder)
    return survival
  }
  return { ran, judged, options: { runs: 2, commit: 'abc', dir, runOnce, judgeAgain, say: () => {} } }
}

test('runs go seed by seed over all rows, so that a noisy hour does not fall on one row', async () => {
  const { ran, options } = bench()
  const { held, table, tableFile } = await prove(proof, options)
  expect(ran).toEqual(['dies 1', 'lives 1', 'dies 2', 'lives 2'])
  expect(held).toBe(true)
  expect(table).toMatch(/\| dies +\| 2 of 2/)
  expect(await readFile(tableFile, 'utf8')).toBe(table)
})

test('an interrupted proof goes on where it stopped, even when its last line was cut off', async () => {
  const interrupted = bench((plan) => {
    if (plan.seed === 2) throw new Error('Ctrl-C')
    return crash
  })
  await expect(prove(proof, interrupted.options)).rejects.toThrow('Ctrl-C')
  await appendFile(join(dir, 'a-proof', 'results.ndjson'), '{"row":"dies","see')
  const resumed = bench()
  await prove(proof, resumed.options)
  expect(resumed.ran).toEqual(['dies 2', 'lives 2'])
  const again = bench()
  expect((await prove(proof, again.options)).table).toMatch(/\| dies +\| 2 of 2/)
  expect(again.ran).toEqual([])
})

test('records that are kept are judged by the present code, so that one table never mixes two judges', async () => {
  await prove(proof, bench().options)
  await mkdir(join(dir, 'a-proof', 'runs', 'dies-seed-1'), { recursive: true })
  const again = bench()
  const { table, held } = await prove(proof, again.options)
  expect(again.judged).toEqual([join(dir, 'a-proof', 'runs', 'dies-seed-1')])
  expect(again.ran).toEqual([])
  expect(table).toMatch(/\| dies +\| 1 of 2/)
  expect(held).toBe(false)
})

test('a row whose scenario has changed is run again', async () => {
  await prove(proof, bench().options)
  const { ran, options } = bench()
  const [first, second] = proof.rows
  if (!first || !second) throw new Error('two rows')
  await prove(
    { ...proof, rows: [first, { ...second, scenario: { ...highLoad, limits: { memoryLimitBytes: 1, cpus: 2 } } }] },
    options,
  )
  expect(ran).toEqual(['lives 1', 'lives 2'])
})

test('a row that does not show what it claims makes the proof fail', async () => {
  const { options } = bench((plan) => (plan.seed === 2 ? survival : crash))
  const { held, table } = await prove(proof, options)
  expect(held).toBe(false)
  expect(table).toMatch(/\| dies +\| 1 of 2/)
})

// The claims of the proof of high-load itself, on verdicts whose answer is known.

const rows = listProofs(scenarios)[0]?.rows ?? []
const checkOf = (name: string) => {
  const row = rows.find((candidate) => candidate.name === name)
  if (!row) throw new Error(`no row ${name}`)
  return row.check
}
const firstAt = (errorClass: string, firstMs: number): Verdict => ({
  ...crash,
  timeline: {
    ...crash.timeline,
    errors: crash.timeline.errors.map((span) => (span.errorClass === errorClass ? { ...span, firstMs } : span)),
  },
})

test('the default row takes a crash with its whole chain, in the report’s order', () => {
  expect(checkOf('2 GiB, 1 CPU (default)')(crash)).toEqual([])
})

test.each([
  ['a survival', survival],
  ['a death too early', { ...crash, timeline: { ...crash.timeline, diedMs: 12_000 } }],
  ['a chain without its trigger', { ...crash, chain: crash.chain.slice(1) }],
  ['a first reset after the first timeout', firstAt('reset', 9_000)],
  ['a refusal before the death', firstAt('refused', 30_000)],
  ['health that failed before the death', { ...crash, timeline: { ...crash.timeline, firstHealthFailureMs: 9_000 } }],
] as [string, Verdict][])('the default row objects to %s', (_, verdict) => {
  expect(checkOf('2 GiB, 1 CPU (default)')(verdict)).not.toEqual([])
})

test('the healthy row wants every event stored once, and no cause', () => {
  const accounting = { ...crash.accounting, emitted: 300, acknowledged: 300, stored: 300, storedMoreThanOnce: 0 }
  const findings = crash.findings.map((finding) => ({ ...finding, answer: 'refuted' as const }))
  const good = { ...survival, findings, accounting }
  const check = checkOf('healthy, 2 GiB, 1 CPU')
  expect(check(good)).toEqual([])
  expect(check({ ...good, accounting: { ...accounting, stored: 299 } })).not.toEqual([])
  expect(check({ ...good, findings: crash.findings })).not.toEqual([])
})
