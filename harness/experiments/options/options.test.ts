import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { scenarios } from '../../../scenarios/index.ts'
import { options } from '../../../scenarios/options.ts'
import type { OptionsRequest } from '../../command-line/commands/options.ts'
import { parseCommandLine } from '../../command-line/parse.ts'
import { InputError, InterruptedError, StackError } from '../../errors.ts'
import type { RunPlan } from '../../manifest.ts'
import { clean, crashed, losing, notStarted } from '../../trial.fixture.ts'
import type { Verdict } from '../../verdict.ts'
import { bench } from '../campaign/campaign.fixture.ts'
import { conductOptions } from './conduct.ts'
import { judgeClaims } from './results.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'culprit-options-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const known = { scenarios, options, profiles: ['as-reported'], causes: [], faults: [], proofs: [] }
function parse(line: string, machine = { memoryBytes: 2 ** 34, cpus: 2 }) {
  return parseCommandLine(`scenario options ${line}`.trim().split(' '), { ...known, ...machine }) as OptionsRequest
}
function problemsOf(line: string): readonly string[] {
  try {
    parse(line)
    return []
  } catch (error) {
    return error instanceof InputError ? error.problems : [String(error)]
  }
}

async function conduct(line: string, end: (plan: RunPlan) => Partial<Verdict>) {
  const { ran, said, means } = bench(end)
  let text = ''
  const stdout = new Writable({
    write(chunk, _, done) {
      text += chunk
      done()
    },
  }) as unknown as NodeJS.WriteStream
  const code = await conductOptions(parse(`${line} --out ${dir}`), means, stdout)
  return { ran, said, code, text: stripVTControlCharacters(text) }
}

const passed = { name: 'x', result: 'passed', because: '', tookMs: 1 } as const
/** As the report has it: more CPU cures, checks pass before the load alone. */
const asExpected = ({ scenario: { limits, checks } }: RunPlan): Partial<Verdict> => ({
  ...(limits.cpus === 2 && { outcome: 'survived', diedMs: null }),
  ...(checks && { checks: [checks === 'before-load' ? passed : { ...passed, result: 'failed' }] }),
})

test('each option is a run of its own, with what the report mixes taken apart', () => {
  const { cells } = parse('')
  expect(cells).toHaveLength(options.length)
  const limitsOf = (name: string) => cells.find((cell) => cell.name === name)?.plans[0]?.scenario.limits
  const GiB = 2 ** 30
  expect(limitsOf('as-reported')).toEqual({ memoryLimitBytes: 2 * GiB, cpus: 1 })
  expect(limitsOf('B')).toEqual({ memoryLimitBytes: 4 * GiB, cpus: 2 })
  expect(limitsOf('B-memory')).toEqual({ memoryLimitBytes: 4 * GiB, cpus: 1 })
  expect(limitsOf('B-cpu')).toEqual({ memoryLimitBytes: 2 * GiB, cpus: 2 })
  const quick = parse('--quick --repeat 2').cells
  expect(quick.map(({ plans }) => plans.map(({ seed }) => seed))).toEqual(options.map(() => [1, 2]))
  expect(new Set(quick.map(({ plans }) => plans[0]?.scenario.name))).toEqual(new Set(['high-load-quick']))
})

test('what cannot be meant is told before the first run, all at once', () => {
  expect(problemsOf('--only A,backlogg --repeat 0 --cpus 2 --memroy 4g')).toEqual([
    'unknown flag --memroy: did you mean --memory?',
    '--only: unknown option "backlogg": did you mean backlog?',
    '--repeat 0: takes a whole number from 1 to 99',
    '--cpus 2: is what the options differ in; compare varies it',
  ])
  expect(() => parse('', { memoryBytes: 2 ** 34, cpus: 1 })).toThrow(/wants 2 CPUs, this machine has 1/)
})

test('a promise is kept when every run keeps it; no look is no proof', () => {
  expect(judgeClaims(['survives'], [clean, losing])).toMatchObject({ held: 'yes' })
  expect(judgeClaims(['survives'], [clean, crashed])).toEqual({
    held: 'no',
    because: '"survives" is not so in 1 of 2',
  })
  expect(judgeClaims(['survives'], [clean, notStarted])).toMatchObject({ held: 'not known' })
  expect(judgeClaims(['survives'], [])).toMatchObject({ held: 'not known' })
  expect(judgeClaims([], [clean])).toMatchObject({ held: 'nothing claimed' })
  // The fixture's runs were never looked up in the database.
  expect(judgeClaims(['survives', 'loses nothing'], [clean])).toMatchObject({ held: 'not known' })
  expect(judgeClaims(['checks pass'], [clean])).toMatchObject({ held: 'not known' })
  expect(judgeClaims(['checks pass'], [{ ...clean, checks: { passed: 14, of: 15 } }])).toMatchObject({ held: 'no' })
})

test('the table says what was expected, what was measured, whether it holds and what it costs', async () => {
  const { text, code, said } = await conduct('--quick --only load-first,A,B,B-cpu,bulk', asExpected)
  expect(said[0]).toMatch(/^5 options, 5 runs, about /)
  expect(text).toMatch(/^ load-first +crashes in 1 of 1, at +yes +4 of 47 +-/m)
  expect(text).toMatch(/^ B +survives in 1 of 1 +yes/m)
  expect(text.replaceAll(/\s+/g, ' ')).toContain('"loses nothing" was seen in 0 of 1 alone')
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    'Audit tests: before 0/15 (measured: 0/1), after A 15/15 (measured: 1/1)',
  )
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  expect(code).toBe(3)

  const read = (file: string) => readFile(join(dir, file), 'utf8')
  expect(await read('options.md')).toMatch(/\| A +\| the load last, .*\| all 15 audit tests pass \(the report\)/)
  expect(await read('options.md')).toContain('npm run scenario high-load-quick -- --cpus 2 --seed 1')
  expect((await read('options.csv')).trimEnd().split('\n')).toHaveLength(6)
  expect(JSON.parse(await read('options.json')).results).toHaveLength(options.length)
  const page = await read('options.html')
  expect(page).not.toMatch(/(src|href)="(?!#)/)
  expect(page).toContain('What would have fixed it')
})

test('an interrupted campaign goes on where it stopped, and a stack that does not start is told', async () => {
  let left = 1
  const interrupted = conduct('--quick --only A,bulk', (plan) => {
    if (left-- === 0) throw new InterruptedError('interrupted')
    return asExpected(plan)
  })
  await expect(interrupted).rejects.toBeInstanceOf(InterruptedError)
  const { ran, code } = await conduct('--quick --only A,bulk --resume', asExpected)
  expect(ran).toHaveLength(1)
  expect(code).toBe(0)
  await expect(conduct('--quick --repeat 2 --resume', asExpected)).rejects.toThrow('repeats was 1, is now 2')
  const again = await conduct('--quick --only A --resume', asExpected)
  expect(again.ran).toEqual([])
  const unclear = await conduct('--quick --only D --resume', () => ({ outcome: 'unknown' }))
  expect(unclear.code).toBe(3)
  expect((await conduct('--quick --only D --resume', asExpected)).ran).toHaveLength(1)
  const failed = await conduct('--quick --only C --resume', () => {
    throw new StackError('no redis')
  })
  expect(failed.text).toContain('did not start: no redis')
  expect(failed.code).toBe(3)
})
