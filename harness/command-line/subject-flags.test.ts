import { expect, test } from 'vitest'
import { plan, problems } from './parse.fixture.ts'

const image = 'scenario high-load --datastorage-image my/audit:1'

test('another image: what it is given, and a plan whose command holds no value that may be secret', () => {
  const flags =
    '--datastorage-env DB={postgres.url} --datastorage-env TOKEN=s3cret=1 --datastorage-mount /a:/b:ro ' +
    '--datastorage-mount /c:/d --knob-env pool=DB_POOL --knob-env memory=GOMEMLIMIT --pool 50'
  const { subject, subjectEnv, expect: expected, command, replay, scenario: changed } = plan(`${image} ${flags}`)
  expect(subject).toEqual({
    kind: 'image',
    image: 'my/audit:1',
    port: 8080,
    readyPath: '/health',
    env: ['DB', 'TOKEN'],
    mounts: ['/a:/b:ro', '/c:/d'],
    schema: null,
    knobs: { pool: 'DB_POOL', memory: 'GOMEMLIMIT' },
  })
  expect(subjectEnv).toEqual({ DB: '{postgres.url}', TOKEN: 's3cret=1' })
  expect(changed.service.poolSize).toBe(50)
  // What is claimed of the stand-in is not claimed of another service.
  expect(expected).toEqual({ expectation: 'any', from: 'a changed knob' })
  for (const text of [command, replay]) {
    expect(text).toContain('--datastorage-image my/audit:1')
    expect(text).toContain('--knob-env pool=DB_POOL')
    expect(text).not.toContain('s3cret')
  }
})

test('a service that runs already, and whose it is', () => {
  const { runtime, subject } = plan('scenario high-load --target http://127.0.0.1:8080 --datastorage-ready-path /up')
  expect({ runtime, subject }).toEqual({
    runtime: 'target',
    subject: { kind: 'target', url: 'http://127.0.0.1:8080', readyPath: '/up' },
  })
  expect(plan('scenario high-load --target http://[fd00::1]:80').subject).toMatchObject({ url: 'http://[fd00::1]' })
  expect(plan('scenario high-load --target http://8.8.8.8 --i-own 8.8.8.8').subject).toMatchObject({ owned: true })
})

test('a restart policy is watched for longer after the death', () => {
  const { scenario: changed } = plan('scenario high-load --restart on-failure')
  expect(changed).toMatchObject({ service: { restart: 'on-failure' }, phases: { afterDeathMs: 20_000 } })
})

test.each<[string, string[]]>([
  [`${image} --pool 50`, ['--pool: not available for this image']],
  [`${image} --profile healthy`, ["--profile: is the stand-in's alone"]],
  [`${image} --runtime embedded`, ['--datastorage-image: needs a container engine']],
  [`${image} --limiter cgroup-v1`, ['--datastorage-image: needs a container engine, not a --limiter']],
  [`${image} --datastorage-env TOKEN`, ['--datastorage-env TOKEN: takes NAME=VALUE']],
  [`${image} --datastorage-env A=1 --datastorage-env A=2`, ['--datastorage-env A: is given twice']],
  [`${image} --knob-env rrs=N --datastorage-port 0`, ['--datastorage-port 0', '--knob-env rrs']],
  [
    'scenario high-load --datastorage-env A=1 --knob-env pool=X',
    ['--datastorage-env: goes with', '--knob-env: goes with'],
  ],
  ['scenario high-load --restart always', ['--restart always']],
  ['scenario high-load --restart on-failure --limiter watchdog', ['--restart: needs a container engine']],
  ['scenario high-load --target http://8.8.8.8', ['is no loopback or private address']],
  ['scenario high-load --target http://0.0.0.0', ['is no loopback or private address']],
  ['scenario high-load --target http://[::ffff:8.8.8.8]', ['is no loopback or private address']],
  ['scenario high-load --target http://134744072', ['is no loopback or private address']],
  ['scenario high-load --target http://8.8.8.8 --i-own example.com', ['--i-own example.com']],
  ['scenario high-load --target http://u:p@127.0.0.1', ['takes a URL such as']],
  ['scenario high-load --i-own here', ['--i-own: goes with --target']],
  [
    'scenario high-load --target http://127.0.0.1 --memory 1g --limiter watchdog --pool 5 --redis-image r --runtime docker',
    ['--redis-image', '--memory', '--pool', '--limiter', '--runtime docker'],
  ],
])('%s is refused', (line, expected) => {
  const told = problems(line).join('\n')
  for (const part of expected) expect(told).toContain(part)
})
