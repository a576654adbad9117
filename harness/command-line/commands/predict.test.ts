import { expect, test } from 'vitest'
import { highLoad } from '../../../scenarios/high-load.ts'
import { InputError } from '../../errors.ts'
import { parseCommandLine } from '../parse.ts'

const GiB = 2 ** 30

const parse = (line: string) =>
  parseCommandLine(line.split(' '), {
    scenarios: [highLoad],
    profiles: ['as-reported'],
    causes: [],
    faults: [],
    proofs: [],
    memoryBytes: 4 * GiB,
    cpus: 2,
  })

function problems(line: string): readonly string[] {
  try {
    parse(line)
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
  return []
}

test('a question has a scenario and its knobs, also beyond this machine', () => {
  expect(parse('predict --scenario high-load --rrs 1000 --memory 64g --cpus 16')).toMatchObject({
    command: 'predict',
    scenario: { load: { rrs: 1_000 }, limits: { memoryLimitBytes: 64 * GiB, cpus: 16 } },
    seed: null,
    from: null,
    json: false,
  })
})

test('figures, seed and record can be given', () => {
  const line = '--work-ms-per-event 111.5 --hold 12m --baseline 60m --cap 160 --seed 7 --from latest --json'
  expect(parse(`predict --scenario high-load ${line}`)).toMatchObject({
    figures: {
      workMsPerEvent: 111.5,
      heldBytesPerEvent: 12 * 2 ** 20,
      baselineBytes: 60 * 2 ** 20,
      maxAwaitingAnswer: 160,
    },
    seed: 7,
    from: 'latest',
    json: true,
  })
})

test('all problems are reported at once, each naming its flag', () => {
  expect(
    problems('predict --scenario high-laod --work-ms-per-event 0 --hold big --cap 0 --rrs -1 --profile healthy'),
  ).toEqual([
    expect.stringMatching(/^unknown flag --profile: there is: --scenario, --from, --replay, --arrivals, --rrs/),
    '--work-ms-per-event 0: takes milliseconds such as 111',
    '--hold big: takes a size such as 12m',
    '--cap 0: takes a whole number from 1 on',
    'unknown scenario "high-laod": did you mean high-load?',
    '--rrs -1: takes a whole number from 1 to 100000',
  ])
  expect(problems('predict high-load')).toEqual([
    'predict does not take "high-load"',
    '--scenario is missing: there is high-load',
  ])
})
