import { expect, test } from 'vitest'
import { checkProfileOptions, profileNames } from '../../../containers/profiles.ts'
import { scenarios } from '../../../scenarios/index.ts'
import { InputError } from '../../errors.ts'
import type { RawFlags } from '../raw-flags.ts'
import { resolveGate } from './gate.ts'

const context = {
  scenarios,
  profiles: profileNames,
  checkProfileOptions,
  causes: [],
  faults: [],
  cpus: 2,
  memoryBytes: 8 * 2 ** 30,
}
const resolve = (flags: RawFlags, name?: string) => resolveGate(name, flags, context, [])

test('without flags: every scenario with limits, this stand-in against the default', () => {
  const { scenarios: chosen, baseline, candidate, budgetMs } = resolve({})
  expect(chosen.map(({ scenario }) => scenario.name)).toEqual(['steady', 'burst', 'capacity'])
  expect({ baseline, candidate, budgetMs }).toEqual({
    baseline: null,
    candidate: { text: 'current', revision: 'current' },
    budgetMs: 300_000,
  })
})

test('a setting changes its own side alone; an option of the profile is a setting, too', () => {
  const { scenarios: chosen } = resolve({ candidate: 'pool=5,profile=as-reported,option.cpuMsPerEvent=2' }, 'steady')
  const [one] = chosen
  expect(one?.candidate.scenario.service).toMatchObject({ poolSize: 5, profileOptions: { cpuMsPerEvent: 2 } })
  expect(one?.baseline.scenario.service).toMatchObject({ poolSize: 25, profile: 'healthy', profileOptions: {} })
})

test('without an image, auto is the embedded runtime: found out for each side, it could be another one', () => {
  const runtimes = (flags: RawFlags) => {
    return resolve(flags, 'steady').scenarios.flatMap(({ baseline, candidate }) => [
      baseline.runtime,
      candidate.runtime,
    ])
  }
  expect(runtimes({ runtime: 'auto' })).toEqual(['embedded', 'embedded'])
  expect(runtimes({ candidate: 'image:datastorage:2', runtime: 'auto' })).toEqual(['auto', 'auto'])
})

test.each<[RawFlags, string | undefined, string[]]>([
  [{}, 'high-load', ['no gate scenario "high-load": there is: steady, burst, capacity']],
  [{ budget: '5' }, undefined, ['--budget 5: takes a time of 10s and more, such as 5m']],
  [{ candidate: 'pol=5' }, 'steady', ['--candidate pol=5: unknown setting "pol": did you mean pool?']],
  [
    { baseline: 'pool=0', seed: 'x' },
    undefined,
    [
      '--baseline pool=0: --pool 0: takes a whole number from 1 to 90',
      '--seed x: takes a whole number from 0 to 999999999',
    ],
  ],
  [
    { baseline: 'rrs=800', candidate: 'profile=extra-work,option.cpuMs=2' },
    'steady',
    [
      '--baseline rrs=800: changes the load, which is the same for both sides',
      '--candidate profile=extra-work,option.cpuMs=2: option: Unrecognized key: "cpuMs"',
    ],
  ],
  [{ baseline: 'image:' }, 'steady', ['--baseline image:: takes an image, such as image:datastorage:1.2']],
  [
    { candidate: 'image:datastorage:2', runtime: 'embedded' },
    'steady',
    ['--candidate image:datastorage:2: --datastorage-image: needs a container engine, not --runtime embedded'],
  ],
  [
    { candidate: 'image:datastorage:2', baseline: 'stored', update: 'true' },
    'steady',
    [
      '--baseline stored: holds runs of the stand-in on the embedded runtime',
      '--update: keeps runs on the embedded runtime alone',
    ],
  ],
  [
    { candidate: 'pool=5', update: 'true' },
    'steady',
    ['--update: keeps runs of the stand-in of a revision, without settings'],
  ],
  [
    { candidate: 'pool=5', 'datastorage-env': 'A=b' },
    'steady',
    ['--datastorage-env: goes with an image, such as --candidate image:NAME'],
  ],
])('%j of %s is refused, each problem once', (flags, name, problems) => {
  expect(() => resolve(flags, name)).toThrow(new InputError(problems))
})

test('an image is a side, in an engine and with what it is told; the other side keeps its own', () => {
  const { scenarios: chosen, flags } = resolve(
    { candidate: 'image:datastorage:2', 'datastorage-env': 'DB={postgres.url}\nKEY=secret' },
    'steady',
  )
  const [one] = chosen
  expect(one?.candidate).toMatchObject({
    runtime: 'auto',
    subject: { kind: 'image', image: 'datastorage:2', env: ['DB', 'KEY'] },
    subjectEnv: { DB: '{postgres.url}', KEY: 'secret' },
  })
  expect(one?.baseline.subject).toBeUndefined()
  expect(one?.baseline.runtime).toBe('auto')
  expect(JSON.stringify(flags)).not.toContain('secret')
})
