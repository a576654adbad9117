import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { scenarios } from '../../../scenarios/index.ts'
import type { CompareRequest } from '../../command-line/commands/compare.ts'
import { parseCommandLine } from '../../command-line/parse.ts'
import { InputError, InterruptedError, StackError } from '../../errors.ts'
import { writeComparison } from '../../report/comparison/index.ts'
import { bench } from '../campaign/campaign.fixture.ts'
import type { Means } from '../campaign/carry-out.ts'
import { compare } from './compare.ts'
import { exitCodeOf } from './conduct.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'culprit-compare-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

function grid(values = '256m,512m', repeats = 2) {
  const line = `compare --scenario high-load-quick --vary memory=${values} --repeat ${repeats}`
  const machine = { memoryBytes: 2 ** 33, cpus: 2 }
  const known = { scenarios, profiles: ['as-reported'], causes: [], faults: [], proofs: [] }
  return parseCommandLine(line.split(' '), { ...known, ...machine }) as CompareRequest
}
const start = (means: Means, request = grid(), isResumed = false) =>
  compare({ ...means, ...request, dir, isResumed, seed: 1 })

test('every cell is run as often as asked, and what came of it is written', async () => {
  const { ran, said, means } = bench()
  const { comparison, trials } = await start(means)
  expect([...ran].sort()).toEqual(['256m 1', '256m 2', '512m 1', '512m 2'])
  expect(said[0]).toMatch(/^run 1 of 4: memory=\d+m, seed 1: crashed at \+\d/)
  expect(comparison.cells).toMatchObject([
    { cell: 'memory=256m', state: 'crashes', crashed: 2 },
    { cell: 'memory=512m', state: 'crashes', crashed: 2 },
  ])
  expect(exitCodeOf({ comparison, trials })).toBe(0)

  await writeComparison(dir, comparison, trials)
  const read = (file: string) => readFile(join(dir, file), 'utf8')
  expect((await read('compare.csv')).trimEnd().split('\n')).toHaveLength(5)
  expect(await read('compare.csv')).toMatch(/^memory,repeat,seed,outcome,/)
  expect(JSON.parse(await read('compare.json'))).toMatchObject({ cells: [{ crashed: 2 }, { crashed: 2 }] })
  expect(await read('table.md')).toContain('| memory 256m | crashes')
  expect(JSON.parse(await read('grid.json'))).toMatchObject({ kind: 'compare', repeats: 2 })
})

test('an interrupted grid keeps what is finished and goes on where it stopped, even when its last line was cut off', async () => {
  let left = 1
  const first = bench(() => {
    if (left-- === 0) throw new InterruptedError('interrupted')
    return {}
  })
  const interrupted = await start(first.means)
  expect(interrupted).toMatchObject({ isInterrupted: true, comparison: { finished: 1, planned: 4 } })
  await appendFile(join(dir, 'results.ndjson'), '{"cell":"memory=256m","rep')

  const second = bench()
  const resumed = await start(second.means, grid(), true)
  expect(second.ran).toHaveLength(3)
  expect(second.ran).not.toContain(first.ran[0])
  expect(resumed).toMatchObject({ isInterrupted: false, comparison: { finished: 4 } })
  const lines = (await readFile(join(dir, 'results.ndjson'), 'utf8')).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line).cell)).toHaveLength(4)
})

test('another definition is refused before the first run, and so is a folder that holds a grid already', async () => {
  await start(bench().means, grid('256m', 1))
  const { ran, means } = bench()
  await expect(start(means, grid('256m,1g', 1), true)).rejects.toThrow(/axes was .*256m.*is now .*1g/)
  await expect(start(means, grid('256m', 2), true)).rejects.toThrow('repeats was 1, is now 2')
  await expect(start(means, grid('256m', 1), false)).rejects.toThrow('--resume goes on with it')
  const request = grid('256m', 1)
  const changed = { ...request, grid: { ...request.grid, fingerprint: 'another' } }
  await expect(start(means, changed, true)).rejects.toThrow('the scenario itself has changed since')
  await expect(
    compare({ ...means, ...request, dir: join(dir, 'no'), isResumed: true, seed: 1 }),
  ).rejects.toBeInstanceOf(InputError)
  expect(ran).toEqual([])
})

test('a cell whose stack does not start is told as that, the others go on, and it is tried again when resumed', async () => {
  const failing = bench(({ scenario }) => {
    if (scenario.limits.memoryLimitBytes < 2 ** 29) throw new StackError('DataStorage ended while it started')
    return {}
  })
  const { comparison, trials } = await start(failing.means, grid('256m,512m', 1))
  expect(comparison.cells).toMatchObject([
    { state: 'did not start', crashed: 0, why: ['did not start: DataStorage ended while it started'] },
    { state: 'crashes', crashed: 1 },
  ])
  expect(exitCodeOf({ comparison, trials })).toBe(3)
  const again = bench()
  await start(again.means, grid('256m,512m', 1), true)
  expect(again.ran).toEqual(['256m 1'])
})

test('exit 5 when nothing at all could start', async () => {
  const { means } = bench(() => {
    throw new StackError('no redis')
  })
  expect(exitCodeOf(await start(means))).toBe(5)
})
