import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newLeftovers, start } from './command.fixture.ts'
import { readEvidence } from './evidence.ts'
import type { Forecast } from './prediction.ts'
import { recordSchemas } from './record-schema.ts'
import type { Verdict } from './verdict.ts'

// The program as a user starts it, through npm, with the real stack and the real limit.

let folder: string
let leftovers: () => Promise<string[]>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culprit-e2e-'))
  leftovers = await newLeftovers()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const readVerdict = async (dir: string) => readFile(join(dir, 'verdict.json'), 'utf8')

// A machine that is busy with something else delays the generator ("not known"): that verdict is right then, and another
// test's business. So this one may be repeated.
test('high-load-quick dies of memory at the end of a retry storm, and can be judged again to the byte', {
  retry: 2,
}, async () => {
  const dir = await mkdtemp(join(folder, 'crash-'))
  const { code, stdout } = await start('scenario', 'high-load-quick', '--', '--runtime', 'embedded', '--out', dir).ended
  const text = await readVerdict(dir)
  const verdict = JSON.parse(text) as Verdict
  // Where others had the CPU before the quota took it, the trigger is not known, and the verdict says so.
  const isCrowded = verdict.missing.some((missing) => /^CPU too small: .*other processes .*had the rest/.test(missing))
  expect(verdict).toMatchObject({
    outcome: 'crashed',
    chain: [
      ...(isCrowded ? [] : [{ role: 'trigger', hypothesis: 'cpu-too-small' }]),
      { role: 'amplifier', hypothesis: 'retry-storm' },
      { role: 'death', hypothesis: 'memory-limit' },
    ],
    ...(!isCrowded && { missing: [] }),
  })
  expect(verdict.accounting).toMatchObject({ emitted: expect.any(Number), acknowledgedAndLost: 0 })
  expect(stdout).toContain(verdict.headline.slice(0, 40))
  expect(stdout).toContain(dir)
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80 + dir.length)
  expect(code).toBe(0)
  expect(await leftovers()).toEqual([])

  // Every reference leads to a line that exists.
  for (const ref of verdict.findings.flatMap((finding) => finding.observations.flatMap((one) => one.refs))) {
    const [file = '', line] = ref.split(':')
    const lines = (await readFile(join(dir, file), 'utf8')).split('\n')
    expect(JSON.parse(lines[Number(line) - 1] ?? '')).toHaveProperty('kind')
  }

  // Reading a record forgives fields that no schema names; writing one must not make any.
  for (const file of [
    'run.json',
    'truth.json',
    'samples.ndjson',
    'probes.ndjson',
    'events.ndjson',
    'stored.ndjson',
  ] as const) {
    const written = await readFile(join(dir, file), 'utf8')
    const values = file.endsWith('.json') ? [written] : written.trimEnd().split('\n')
    for (const value of values) expect(recordSchemas[file].parse(JSON.parse(value))).toEqual(JSON.parse(value))
  }

  // Judging works from the record alone, and never looks at what the stand-in was told.
  await rm(join(dir, 'truth.json'))
  await rm(join(dir, 'verdict.json'))
  const again = await start('judge', '--', dir, '--json').ended
  expect(again.stdout).toBe(text)
  expect(await readVerdict(dir)).toBe(text)
  expect(again.code).toBe(0)

  // So does predicting: what the record holds suffices to tell the same end.
  const predicted = await start('predict', '--', '--scenario', 'high-load-quick', '--from', dir, '--json').ended
  expect(predicted.code).toBe(0)
  const { outlook, record } = JSON.parse(predicted.stdout) as Forecast
  expect(record).toMatchObject({ isSame: true, dir })
  expect(outlook.prediction.outcome).toBe('crashed')
})

test('Ctrl-C in mid-run: exit 130, everything stopped, the record readable', async () => {
  const dir = await mkdtemp(join(folder, 'interrupted-'))
  const { child, ended, saw } = start('scenario', 'high-load-quick', '--', '--runtime', 'embedded', '--out', dir)
  await saw('events emitted')
  process.kill(-(child.pid as number), 'SIGINT')
  const { stderr } = await ended
  expect(stderr).toContain('interrupted')
  expect(stderr).toContain('exit 130')
  expect(await leftovers()).toEqual([])

  const evidence = await readEvidence(dir)
  expect(evidence.end?.reason).toBe('interrupted')
  expect(evidence.attempts.length).toBeGreaterThan(0)
  const { code, stdout } = await start('judge', '--', dir).ended
  expect(stdout).toContain('NOT KNOWN')
  expect(code).toBe(3)
})

test.concurrent.each([
  [['scenario', 'high-laod'], 'did you mean high-load?'],
  [['scenario', 'high-load', '--', '--memory', '900g'], "beyond this machine's"],
  [['scenario', 'high-load', '--', '--out', '/proc/nowhere'], 'cannot be written'],
  [['judge', '--', 'no-such-run'], 'there is no run "no-such-run"'],
  [['diagnose', '--', 'no-such-run'], 'there is no run "no-such-run"'],
  [['compare', '--', '--scenario', 'high-load', '--vary', 'memroy=1g'], 'did you mean memory?'],
  [['bisect', '--', '--scenario', 'high-load', '--find', 'emitter'], 'is no number'],
])('bad input %j: exit 4, nothing started', async (args, message) => {
  const { code, stderr, stdout } = await start(...args).ended
  expect(stderr).toContain(message)
  expect(stdout).toBe('')
  expect(code).toBe(4)
})
