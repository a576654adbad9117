import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { scenarios } from '../../scenarios/index.ts'
import { exitCodes, InterruptedError, StackError } from '../errors.ts'
import { crash } from '../report/verdict.fixture.ts'
import type { Verdict } from '../verdict.ts'
import { conductGate, type GateMeans, type GateOrder } from './conduct-gate.ts'
import { planOf } from './gate.fixture.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'culprit-conduct-gate-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const named = (name: string) => {
  const scenario = scenarios.find((one) => one.name === name)
  if (!scenario) throw new Error(`there is no ${name}`)
  const plan = planOf(scenario)
  return { scenario: { ...scenario, gate: ['p50 +5 %'], thresholds: [] }, baseline: plan, candidate: plan }
}
const order: GateOrder = {
  scenarios: [named('steady'), named('burst')],
  baseline: null,
  candidate: { text: 'pool=2', revision: null },
  thresholds: [],
  budgetMs: 0,
  seed: 1,
  update: false,
  json: false,
  name: null,
  flags: {},
}

/** Conducts a gate whose runs do as `runOnce` says. Gives what a user is left with. */
async function conduct(runOnce: (scenario: string) => Verdict, asked: GateOrder = order) {
  const [printed, summary]: [string[], string[]] = [[], []]
  const means: GateMeans = {
    dir,
    say: () => {},
    findEngineFor: () => Promise.reject(new Error('no side is an image')),
    runOnce: async ({ scenario }) => runOnce(scenario.name),
    print: (text) => printed.push(text),
    summarise: async (markdown) => void summary.push(markdown),
  }
  const ended: unknown = await conductGate(asked, means).catch((error: unknown) => error)
  return { ended, printed: printed.join(''), summary: summary.join('') }
}

const only = (name: string, error: Error) => (scenario: string) => {
  if (scenario === name) throw error
  return crash
}

test('an interruption takes nothing away: what is finished is printed with its page, and what is not is named', async () => {
  const { ended, printed, summary } = await conduct(only('burst', new InterruptedError('interrupted')))
  expect(ended).toBeInstanceOf(InterruptedError)
  for (const text of [printed, summary]) {
    expect(text).toMatch(/\| steady \s*\| p50 \+5 % .*\| unknown/)
    expect(text).toContain('burst: not finished')
  }
  const page = /^page: (.*)$/m.exec(printed)?.[1] ?? ''
  await access(resolve(page))
  const asJson = await conduct(only('burst', new InterruptedError('interrupted')), { ...order, json: true })
  expect(JSON.parse(asJson.printed)).toMatchObject({ answer: 'unknown', results: [{ scenario: 'steady' }] })
})

test('a fault of our own in a later scenario takes nothing away either', async () => {
  const { ended, printed } = await conduct(only('burst', new TypeError('oops')))
  expect(ended).toBeInstanceOf(TypeError)
  expect(printed).toContain('steady')
})

test('where nothing is finished nothing is printed: a first scenario that cannot start says why', async () => {
  const down = new StackError('no PostgreSQL')
  expect(await conduct(only('steady', down))).toEqual({ ended: down, printed: '', summary: '' })
})

test('a later scenario that cannot start is not known', async () => {
  const { ended, printed } = await conduct(only('burst', new StackError('no PostgreSQL')))
  expect(ended).toBe(exitCodes.notKnown)
  expect(printed).toContain('burst: the warm-up pair could not start: no PostgreSQL')
  expect(printed).not.toContain('not finished')
})
