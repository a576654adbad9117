import { describe, expect, test } from 'vitest'
import { faults } from '../../containers/faults/index.ts'
import { outsideKill } from '../../containers/faults/outside-kill.ts'
import { profileNames } from '../../containers/profiles.ts'
import { scenarios } from '../../scenarios/index.ts'
import { InputError } from '../errors.ts'
import { type Fault, levels } from '../fault.ts'
import { hypotheses } from '../hypotheses/index.ts'
import type { RunPlan } from '../manifest.ts'
import { parseCommandLine } from './parse.ts'

const machine = { memoryBytes: 2 ** 34, cpus: 2 }
const byHand: Fault = {
  ...outsideKill,
  name: 'by-hand',
  description: 'a fault for one runtime',
  runtimes: ['embedded'],
}
const all = [...faults, byHand]
const known = { scenarios, profiles: profileNames, causes: [], proofs: [], faults: all, ...machine }

function plan(flags: string): RunPlan {
  const request = parseCommandLine(['scenario', 'blind', ...flags.split(' ').filter(Boolean)], known)
  if (request.command !== 'scenario') throw new Error(`parsed as ${request.command}`)
  return request.plan
}

function problems(flags: string): readonly string[] {
  try {
    plan(flags)
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
  return []
}

const chosen = (flags: string) => plan(flags).faults?.map(({ fault, level }) => `${fault.name}:${level}`)
const names = faults.map(({ name }) => name)
const runtimes = ['embedded', 'docker', 'podman'] as const

test('there are twelve faults, each with a name of its own, and what they must be called exists', () => {
  expect(new Set(names).size).toBe(12)
  const causes = hypotheses.map(({ name }) => name)
  for (const fault of faults) expect(causes, fault.name).toEqual(expect.arrayContaining([...fault.causes]))
})

describe('--fault', () => {
  test('takes a name, with an intensity or without', () => {
    expect(chosen('--fault page-cache')).toEqual(['page-cache:3'])
    expect(chosen('--fault page-cache:5')).toEqual(['page-cache:5'])
    expect(chosen('')).toEqual([])
  })

  test('takes two where one of them comes from outside', () => {
    expect(chosen('--fault pool-too-small:2+outside-kill')).toEqual(['pool-too-small:2', 'outside-kill:3'])
    expect(plan('--fault pool-too-small:2+outside-kill').scenario.service.profile).toBe('slow-queries')
  })

  test.each<[string, RegExp]>([
    ['pool-to-small', /--fault pool-to-small: did you mean "?pool-too-small/],
    ['', /--fault/],
    ['page-cache:0', /the intensity is a whole number from 1 to 5/],
    ['page-cache:6', /the intensity is a whole number from 1 to 5/],
    ['page-cache:2.5', /the intensity is a whole number from 1 to 5/],
    ['page-cache:', /the intensity is a whole number from 1 to 5/],
    ['outside-kill:1+outside-kill:2', /the same fault twice/],
    ['page-cache+retry-storm', /page-cache and retry-storm are both behaviours of the stand-in/],
  ])('refuses %j', (text, problem) => {
    expect(problems(`--fault=${text}`).join('\n')).toMatch(problem)
  })

  test('tells all that is wrong at once', () => {
    expect(problems('--fault nothing:9+by-hand --runtime docker')).toHaveLength(3)
  })

  test('stays out of what the one who judges may read', () => {
    const { command, replay } = plan('--fault page-cache:2 --pool 5')
    expect(command).not.toContain('fault')
    expect(replay).toContain('--fault page-cache:2')
  })
})

describe.each(all.map((fault) => [fault.name, fault] as const))('%s', (name, fault) => {
  test.each(runtimes)('on %s: made there, or refused in so many words', (runtime) => {
    const found = problems(`--fault ${name} --runtime ${runtime}`)
    const refusal = `--fault ${name}: can be made on ${fault.runtimes.join(', ')} alone`
    expect(found).toEqual(fault.runtimes.includes(runtime) ? [] : [refusal])
  })

  test('is refused for a target and for an image: it is the stand-in that is made to fail', () => {
    const elsewhere = ['--target http://127.0.0.1:8080', '--datastorage-image x --runtime docker']
    for (const where of elsewhere) {
      expect(problems(`--fault ${name} ${where}`).join('\n'), where).toContain(`--fault: is the stand-in's alone`)
    }
  })

  test('with --runtime auto, runs where it can be made', () => {
    const { runtime } = plan(`--fault ${name}`)
    expect(runtime).toBe(fault.runtimes.includes('docker') ? 'auto' : 'embedded')
  })

  test('with what needs an engine, is refused where it can be made in none', () => {
    for (const flag of ['--restart on-failure', '--postgres-image postgres:15', '--redis-image redis:7']) {
      const found = problems(`--fault ${name} ${flag}`)
      expect(found.length > 0, flag).toBe(!fault.runtimes.includes('docker'))
      if (found.length > 0) expect(found[0]).toContain(`--fault ${name}: can be made on embedded alone`)
    }
  })

  test('each level says what it does, and another level something else', () => {
    const said = levels.map((level) => fault.describe(level))
    expect(new Set(said).size).toBe(levels.length)
  })
})
