import { expect, test } from 'vitest'
import { scenarios } from '../../../scenarios/index.ts'
import { InputError } from '../../errors.ts'
import { parseCommandLine } from '../parse.ts'
import type { BisectRequest } from './bisect.ts'
import type { CompareRequest } from './compare.ts'

const GiB = 2 ** 30
const context = {
  scenarios,
  profiles: ['as-reported', 'healthy'],
  causes: [],
  faults: [],
  proofs: [],
  memoryBytes: 8 * GiB,
  cpus: 2,
}
const parse = (line: string) => parseCommandLine(line.split(' '), context)
const compare = (line: string) => parse(`compare --scenario high-load ${line}`) as CompareRequest
const bisect = (line: string) => parse(`bisect --scenario high-load ${line}`) as BisectRequest

function problems(line: string): readonly string[] {
  try {
    parse(line)
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
  return []
}

test('a grid is every combination of the values, with what is fixed the same in all', () => {
  const { cells, grid } = compare('--vary memory=1g,2g --vary cpus=1,2 --pool 10 --repeat 2')
  expect(cells.map(({ name }) => name)).toEqual([
    'memory=1g cpus=1',
    'memory=1g cpus=2',
    'memory=2g cpus=1',
    'memory=2g cpus=2',
  ])
  expect(grid).toMatchObject({ scenario: 'high-load', fixed: { pool: '10' }, repeats: 2 })
  expect(cells[1]?.plans[0]?.scenario).toMatchObject({
    limits: { memoryLimitBytes: GiB, cpus: 2 },
    service: { poolSize: 10 },
  })
  expect(cells[1]?.plans[0]?.replay).toContain('npm run scenario high-load -- --memory 1g --cpus 2 --pool 10 --seed 1')
})

test('each repeat has a seed of its own, the same for all cells; where the seed is varied, repeats share it', () => {
  const seeds = (line: string) => compare(line).cells.map(({ plans }) => plans.map(({ seed }) => seed))
  expect(seeds('--vary memory=1g,2g --seed 5')).toEqual([
    [5, 6, 7],
    [5, 6, 7],
  ])
  expect(seeds('--vary seed=1,9 --repeat 2')).toEqual([
    [1, 1],
    [9, 9],
  ])
})

test('every flag of a run that takes a value is an axis', () => {
  expect(compare('--vary runtime=embedded,auto').cells).toHaveLength(2)
  expect(compare('--vary limiter=cgroup-v1,watchdog').cells[1]?.plans[0]?.limiter).toBe('watchdog')
  expect(compare('--vary pace=20/2s,burst').cells[0]?.plans[0]?.scenario.load.pace).toEqual({ rrs: 20, everyMs: 2_000 })
})

test('an image and its variables are knobs like others; what the variables hold is not written down', () => {
  const line =
    '--runtime docker --datastorage-image x:1 --datastorage-env A=secret --datastorage-env B=b --datastorage-env C=c'
  const { grid, cells } = compare(`--vary cpus=1,2 ${line}`)
  expect(JSON.stringify(grid)).not.toContain('secret')
  expect(grid.fixed['datastorage-env']).toBe('A=…\nB=…\nC=…')
  expect(cells[1]?.plans[0]?.subjectEnv).toMatchObject({ A: 'secret', B: 'b', C: 'c' })
  expect(JSON.stringify(bisect(`--find cpus ${line}`).search)).not.toContain('secret')
  const images = compare('--runtime docker --vary datastorage-image=x:1,x:2').cells
  expect(images.map(({ plans }) => plans[0]?.subject)).toMatchObject([{ image: 'x:1' }, { image: 'x:2' }])
})

test('all problems at once, before anything starts', () => {
  expect(
    problems(
      'compare --scenario high-laod --vary memroy=1g --vary pool=5,,5 --vary pool=6 --vary cpus=9 --cpus 1 --repeat 0',
    ),
  ).toEqual([
    '--vary memroy=1g: unknown axis "memroy": did you mean memory?',
    '--vary pool=5,,5: one of the values is empty',
    '--vary pool=5,,5: 5 is there twice',
    '--vary pool=6: pool is varied already',
    '--cpus 1: is given, and varied too',
    '--repeat 0: takes a whole number from 1 to 99',
    'unknown scenario "high-laod": did you mean high-load?',
    "--cpus 9: is beyond this machine's 2 CPUs",
  ])
  expect(problems('compare')).toEqual([
    expect.stringContaining('--scenario is missing'),
    '--vary is missing: say what to vary, such as --vary memory=1g,2g',
  ])
  expect(problems('compare --scenario high-load --vary expect=crash,any')[0]).toMatch(/unknown axis "expect"/)
  expect(problems('compare --scenario high-load --vary memory=')[0]).toContain('the values are missing')
})

test('two words for the same value are refused', () => {
  expect(problems('compare --scenario high-load --vary memory=1g,1024m')).toEqual([
    '--vary memory: 1g and 1024m are the same',
  ])
})

test('more than 200 cells need --yes', () => {
  const many = `--vary seed=${Array.from({ length: 201 }, (_, seed) => seed).join(',')} --repeat 1`
  expect(problems(`compare --scenario high-load ${many} --vary pool=0`)).toEqual([
    '201 cells are more than 200: give --yes if that is meant',
    '--pool 0: takes a whole number from 1 to 90',
  ])
  expect(compare(`${many} --yes`).cells).toHaveLength(201)
})

test('a grid is told from another by what its runs are, not by how they are called', () => {
  const { grid } = compare('--vary memory=1g,2g')
  expect(compare('--vary memory=1024m,2g').grid.fingerprint).toBe(grid.fingerprint)
  expect(compare('--vary memory=1g,2g --seed 2').grid.fingerprint).not.toBe(grid.fingerprint)
})

test('a search tries values around the scenario’s own, each as its flag takes it', () => {
  const { search, doses, plan, name } = bisect('--find memory --cpus 2')
  expect(search).toMatchObject({ find: 'memory', from: GiB / 2, to: 8 * GiB, moreHelps: true, fixed: { cpus: '2' } })
  expect([doses[0], doses.at(-1)]).toEqual([GiB / 2, 8 * GiB])
  expect(plan(1_000 * 2 ** 20, 3)).toMatchObject({
    seed: 3,
    scenario: { limits: { memoryLimitBytes: 1_000 * 2 ** 20, cpus: 2 } },
  })
  expect(name(GiB)).toBe('memory=1024m')
  expect(bisect('--find rrs --from 10 --to 12').doses).toEqual([10, 11, 12])
  expect(bisect('--find rrs').search).toMatchObject({ from: 25, to: 400, moreHelps: false })
  expect(bisect('--find cpus').search).toMatchObject({ from: 0.25, to: 2 })
})

test('a search that cannot be made is refused with every reason', () => {
  expect(problems('bisect --scenario high-load --find emitter --max-runs 0 --rrs x')).toEqual([
    '--find emitter: is no number with a threshold; there is: memory, rrs, pool, cpus',
    '--max-runs 0: takes a whole number from 1 to 200',
    '--rrs x: takes a whole number from 1 to 100000',
  ])
  expect(problems('bisect --scenario high-load --find memry')).toEqual(['--find memry: did you mean memory?'])
  expect(problems('bisect --scenario high-load --find memory --memory 1g')).toEqual([
    '--memory 1g: is what is to be found',
  ])
  expect(problems('bisect --scenario high-load --find memory --from 64m --to 900g')).toEqual([
    '--from 64m: --memory goes from 128m to 8192m here',
    '--to 900g: --memory goes from 128m to 8192m here',
  ])
  expect(problems('bisect --scenario high-load --find pool --from 9 --to 3')).toEqual([
    '--from 9: must be below --to 3',
  ])
})
