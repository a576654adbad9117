import { describe, expect, test } from 'vitest'
import { InputError } from '../errors.ts'
import type { Load } from '../scenario.ts'
import { GiB, parse, plan, problems, scenario } from './parse.fixture.ts'

test('a scenario without flags is taken as it is written, and judged by its own expectation', () => {
  expect(plan('scenario high-load')).toMatchObject({
    scenario,
    seed: 1,
    runtime: 'auto',
    expect: { expectation: 'memory-limit', from: 'the scenario' },
  })
})

test('every knob changes the one thing it names', () => {
  const line =
    '--rrs 50 --events-per-rr 4 --memory 4g --cpus 0.5 --pool 10 --pace 20/2s --approvals 0.2 --emitter shared --seed 7'
  const { scenario: changed, seed } = plan(`scenario high-load ${line}`)
  expect(changed.load).toMatchObject({ rrs: 50, eventsPerRr: 4, pace: { rrs: 20, everyMs: 2_000 }, approvalShare: 0.2 })
  expect(changed.load.emitter).toBe('shared')
  expect(changed.limits).toEqual({ memoryLimitBytes: 4 * GiB, cpus: 0.5 })
  expect(changed.service).toEqual({ ...scenario.service, poolSize: 10 })
  expect(seed).toBe(7)
})

test('a limit over the whole stack is asked for by name; over the service, it is what the scenario has anyway', () => {
  expect(plan('scenario high-load --memory-scope stack').scenario.limits).toEqual({
    memoryLimitBytes: 2 * GiB,
    cpus: 1,
    memoryScope: 'stack',
  })
  const same = plan('scenario high-load --memory-scope service')
  expect(same.scenario).toEqual(scenario)
  expect(same.expect).toEqual({ expectation: 'memory-limit', from: 'the scenario' })
})

test('another profile starts with its own options, the same one keeps those of the scenario', () => {
  expect(plan('scenario high-load --profile healthy').scenario.service).toMatchObject({
    profile: 'healthy',
    profileOptions: {},
  })
  expect(plan('scenario high-load --profile as-reported').scenario).toEqual(scenario)
})

test.each([
  ['scenario high-load --memory 2g', 'memory-limit', 'the scenario'], // what it has anyway
  ['scenario high-load --seed 9 --json', 'memory-limit', 'the scenario'],
  ['scenario high-load --memory 4g', 'any', 'a changed knob'],
  ['scenario high-load --memory 4g --expect survive', 'survive', '--expect'],
  ['scenario high-load --expect retry-storm', 'retry-storm', '--expect'],
  ['scenario high-load --recover', 'memory-limit', 'the scenario'], // the run is the same, and looked at once more
])('%s is expected to show: %s, by %s', (line, expectation, from) => {
  expect(plan(line).expect).toEqual({ expectation, from })
})

test('a paced load goes on for as long as it is told, and the run for as long as that takes', () => {
  const { load, phases } = plan('scenario high-load --pace 2/100ms --duration 5m').scenario
  expect(load.rrs).toBe(6_000)
  expect(phases.maxMs).toBeGreaterThan(330_000)
  expect(problems('scenario high-load --duration 5m')).toEqual([
    '--duration 5m: needs a load with a pace: give --pace or --arrivals, or a scenario that has one',
  ])
  expect(problems('scenario high-load --pace 1000/1s --duration 5m')[0]).toContain('more than 100000 RRs at this pace')
  expect(problems('scenario high-load --pace 2/1s --duration soon')[0]).toContain('takes a time')
})

test.each<[string, object, number]>([
  ['burst', {}, 100],
  ['batches:20/2s', { pace: { rrs: 20, everyMs: 2_000 } }, 100],
  ['rate:20/s', { spreadMs: 0, arrivals: { kind: 'rate', perSec: 20 } }, 100],
  ['rate:20/s:30s', { spreadMs: 0, arrivals: { kind: 'rate', perSec: 20 } }, 600],
  ['ramp:5-50/s:30s', { spreadMs: 0, arrivals: { kind: 'ramp', fromPerSec: 5, toPerSec: 50, overMs: 30_000 } }, 825],
  ['steps:5-20-50/s:10s', { spreadMs: 0, arrivals: { kind: 'steps', perSec: [5, 20, 50], eachMs: 10_000 } }, 750],
  ['poisson:20/s:30s', { spreadMs: 0, arrivals: { kind: 'poisson', perSec: 20 } }, 600],
])('--arrivals %s says when RRs arrive, and with a time how many there are', (text, changed, rrs) => {
  expect(plan(`scenario high-load --arrivals ${text}`).scenario.load).toEqual({ ...scenario.load, ...changed, rrs })
  expect(plan(`scenario high-load --arrivals ${text} --rrs 42`).scenario.load.rrs).toBe(42)
})

test('a load that takes longer than the scenario gives it gets its time, and a minute more', () => {
  const { load, phases } = plan('scenario high-load --arrivals rate:0.5/s').scenario
  expect(load.rrs).toBe(100)
  expect(phases).toEqual({ ...scenario.phases, maxMs: 198_000 + 30_000 + 60_000 })
  expect(plan('scenario high-load --arrivals rate:20/s').scenario.phases).toEqual(scenario.phases)
  expect(plan('scenario high-load --arrivals steps:1-2/s:10s --duration 5m').scenario.load.rrs).toBe(590)
})

test('a schedule that never ends, ends after days, or asks for more than can be sent is refused', () => {
  const problem = (flags: string) => problems(`scenario high-load ${flags}`).join('; ')
  expect(problem('--arrivals ramp:5-0/s:30s --rrs 100')).toBe(
    '--arrivals ramp:5-0/s:30s --rrs 100: never ends: of 100 RRs only 75 ever arrive (5 to 0 RRs/s over 30 s)',
  )
  expect(problem('--arrivals poisson:0.001/s')).toMatch(/would go on for \d+ h \(100 RRs, 0.001 RRs\/s on average/)
  expect(problem('--pace 1/2h')).toBe(
    '--pace 1/2h: would go on for 198 h (100 RRs, 1 RR every 7,200 s): 24 h is the most',
  )
  expect(problem('--arrivals rate:30000/s')).toContain(
    '--arrivals rate:30000/s: 90,000 events/s are beyond what can be sent',
  )
  expect(problem('--arrivals ramp:1-30000/s:1s')).toContain('beyond what can be sent')
  expect(problem('--pace 1000/1ms --rrs 2000')).toContain('beyond what can be sent')
  expect(problem('--pace 1000/1ms --rrs 1000')).toBe('') // all at once
  expect(problem('--arrivals rate:5000/s:1h')).toBe(
    '--arrivals rate:5000/s:1h: makes more than 100000 RRs in that time',
  )
  expect(problem('--arrivals poisson:0.1/s:5s')).toContain('makes no RRs in that time')
})

describe('--replay', () => {
  const { emitter, queriesPerSec, ...rest } = scenario.load
  const recorded: Load = {
    ...rest,
    rrs: 7,
    lifeMs: 500,
    emitter: 'shared',
    queriesPerSec: 9,
    replays: { run: 'then', seed: 3 },
  }
  const recordedLoad = (run: string) => {
    if (run !== 'latest') throw new InputError([`there is no run "${run}"`])
    return { name: 'then', load: recorded }
  }
  const told = (line: string) => problems(line, { recordedLoad }).join('; ')

  test('takes the RRs and events of a record, and who sends and queries from the scenario; it names the run for good', () => {
    const { scenario: changed, replay, command } = plan('scenario high-load --replay latest', { recordedLoad })
    expect(changed.load).toEqual({ ...recorded, emitter, queriesPerSec })
    expect([replay, command]).toEqual(Array(2).fill('npm run scenario high-load -- --replay then --seed 1'))
  })

  test('may come at other moments, and a pace takes the place of any arrivals: so diagnosing slows a load down', () => {
    const line = 'scenario high-load --replay latest --arrivals rate:5/s:20s --pace 2/1s'
    const pace = { rrs: 2, everyMs: 1_000 }
    expect(plan(line, { recordedLoad }).scenario.load).toEqual({
      ...recorded,
      emitter,
      queriesPerSec,
      rrs: 100,
      spreadMs: 0,
      pace,
    })
  })

  test.each([
    ['--replay gone', '--replay gone: there is no run "gone"'],
    ['--replay latest --events-per-rr 4', "--events-per-rr 4: a replay's events are those of the recorded run"],
    ['--replay latest --approvals 0.2', "--approvals 0.2: a replay's events are those of the recorded run"],
  ])('%s: %s', (flags, problem) => {
    expect(told(`scenario high-load ${flags}`)).toContain(problem)
  })
})

test.each([
  '--recover --memory 4g --pace 20/2s --seed 3 --limiter watchdog --expect survive',
  '--arrivals ramp:5-50/s:30s --seed 3',
  '--arrivals poisson:0.1/s --rrs 200',
])('the replay command of %s makes the same plan', (flags) => {
  const first = plan(`scenario high-load ${flags}`)
  const replayed = plan(first.replay.replace('npm run ', '').replace(' -- ', ' '))
  expect(replayed).toEqual(first)
})

test('all problems are told at once, each naming its flag', () => {
  expect(
    problems(
      'scenario high-laod --memroy 4g --cpus 99 --memory 64g --pool 0 --seed x --runtime vm --expect crsh --pace 2',
    ),
  ).toEqual([
    'unknown flag --memroy: did you mean --memory?',
    'unknown scenario "high-laod": did you mean high-load?',
    "--memory 64g: is beyond this machine's 8 GiB",
    "--cpus 99: is beyond this machine's 2 CPUs",
    '--pool 0: takes a whole number from 1 to 90',
    '--pace 2: takes a number and a time such as 20/2s, or "burst"',
    '--seed x: takes a whole number from 0 to 999999999',
    '--runtime vm: takes one of: auto, docker, podman, embedded',
    '--expect crsh: did you mean crash?',
  ])
})

test.each([
  ['scenario', 'name a scenario: high-load, healthy'],
  ['scenario high-load extra', 'scenario does not take "extra"'],
  ['scenario high-load --memory', '--memory <size>: the value is missing'],
  ['scenario high-load --memory --cpus 1', '--memory <size>: the value is missing'],
  ['scenario high-load --rrs 5 --rrs 6', '--rrs is given twice'],
  ['scenario high-load --memory 12q', '--memory 12q: takes a size such as 512m or 2g'],
  ['scenario high-load --memory 1k', '--memory 1k: must be at least 128 MiB to start at all'],
  ['scenario high-load --rrs -5', '--rrs -5: takes a whole number from 1 to 100000'],
  ['scenario high-load --workers 9', '--workers 9: takes a whole number from 1 to 2, the CPUs of this machine'],
  [
    'scenario high-load --emitter shared --workers 2',
    '--workers 2: needs --emitter per-rr or direct: one client sends all the rest',
  ],
  ['scenario high-load --emitter one', '--emitter one: takes one of: per-rr, shared, direct, closed-loop'],
  [
    'scenario high-load --emitter closed-loop --pace 20/2s',
    '--emitter closed-loop: sends as fast as it is answered; --pace and --arrivals need per-rr, shared or direct',
  ],
  [
    'scenario high-load --emitter closed-loop --client-timeout 500ms',
    '--emitter closed-loop: needs a --client-timeout of 1s and more',
  ],
  [
    'scenario high-load --emitter closed-loop --approvals 0.2',
    '--emitter closed-loop: plays no approvals; they need per-rr, shared or direct',
  ],
  ['scenario high-load --approvals 20', '--approvals 20: takes a share from 0 to 1, such as 0.2'],
  ['scenario high-load --memory-scope vm', '--memory-scope vm: takes one of: service, stack'],
  [
    'scenario high-load --memory-scope stack --memory 200m',
    '--memory-scope stack: needs --memory of at least 256 MiB for the stack to start at all',
  ],
  [
    'scenario high-load --memory-scope stack --limiter watchdog',
    '--memory-scope stack: needs --limiter auto, cgroup-v1 or cgroup-v2: watchdog limits one part alone',
  ],
  ['scenario high-load --json=yes', '--json takes no value'],
  ['scenraio high-load', 'unknown command "scenraio": did you mean scenario?'],
  [
    'scenario high-load --limiter cgroup',
    '--limiter cgroup: takes one of: auto, cgroup-v1, cgroup-v2, systemd, watchdog',
  ],
  ['prove high-lod', 'nothing to prove by the name of "high-lod": did you mean high-load?'],
  ['judge latest --jsn', 'unknown flag --jsn: did you mean --json?'],
])('%s: %s', (line, problem) => {
  expect(problems(line)).toContain(problem)
})

test.each([
  ['scenario --list', { command: 'list' }],
  ['judge', { command: 'judge', run: 'latest', json: false, accountingOnly: false }],
  ['judge some/run --json', { command: 'judge', run: 'some/run', json: true, accountingOnly: false }],
  ['prove high-load --runs 3', { command: 'prove', name: 'high-load', runs: 3 }],
  ['clean', { command: 'clean' }],
  ['images', { command: 'images', engine: 'auto', base: undefined, force: false }],
  [
    'images --engine podman --base node:24-slim --force',
    { command: 'images', engine: 'podman', base: 'node:24-slim', force: true },
  ],
])('%s', (line, request) => {
  expect(parse(line)).toEqual(request)
})

test.each(['--help', 'scenario --help', 'judge -h'])('%s explains itself', (line) => {
  const request = parse(line)
  expect(request).toMatchObject({ command: 'help', text: expect.stringContaining('Usage:') })
})

test('the help of scenario names every flag and every exit code', () => {
  const request = parse('scenario --help')
  const text = request.command === 'help' ? request.text : ''
  for (const flag of [
    '--rrs',
    '--memory',
    '--memory-scope',
    '--cpus',
    '--pool',
    '--arrivals',
    '--replay',
    '--pace',
    '--approvals',
    '--emitter',
    '--profile',
    '--seed',
    '--limiter',
    '--expect',
    '--out',
    '--json',
  ])
    expect(text).toContain(flag)
  expect(text).toMatch(/0 the expectation held; 2 .* 3 .* 4 .* 5 .*130/s)
})
