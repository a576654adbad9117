import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isAlive, type Owner, ownerOf } from '../containers/embedded/owner.ts'
import { start } from './command.fixture.ts'
import { readEvidence } from './evidence.ts'
import type { Forecast } from './prediction.ts'
import { recordSchemas } from './record-schema.ts'
import type { Verdict } from './verdict.ts'

// The program as a user starts it, through npm, with the real stack and the real limit.

let folder: string
let foundBefore: readonly string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culprit-e2e-'))
  foundBefore = await ownedNames()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What our runs have left outside their records: temporary folders and control groups. */
async function leftovers(): Promise<string[]> {
  return (await ownedNames()).filter((name) => !foundBefore.includes(name) && !isAlive(ownerOf(name) as Owner))
}

/** Of any run on this machine, by anybody. */
async function ownedNames(): Promise<string[]> {
  const places = [tmpdir(), '/sys/fs/cgroup/memory', '/sys/fs/cgroup/cpu']
  const names = await Promise.all(places.map((place) => readdir(place).catch(() => [] as string[])))
  return names.flat().filter((name) => ownerOf(name) !== null)
}

/** Whether a process runs; one that is dead and not yet reaped does not. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ') X')
  return !/^\) [ZX]/.test(stat.slice(stat.lastIndexOf(')')))
}

const readVerdict = async (dir: string) => readFile(join(dir, 'verdict.json'), 'utf8')

// A machine that is busy with something else delays the generator ("not known"), or takes the CPU before the quota does
// (no trigger): both verdicts are right then, and another test's business. So this one may be repeated.
test('high-load-quick dies of memory at the end of a retry storm, and can be judged again to the byte', {
  retry: 2,
}, async () => {
  const dir = await mkdtemp(join(folder, 'crash-'))
  const { code, stdout } = await start('scenario', 'high-load-quick', '--', '--runtime', 'embedded', '--out', dir).ended
  const text = await readVerdict(dir)
  const verdict = JSON.parse(text) as Verdict
  expect(verdict).toMatchObject({
    outcome: 'crashed',
    chain: [
      { role: 'trigger', hypothesis: 'cpu-too-small' },
      { role: 'amplifier', hypothesis: 'retry-storm' },
      { role: 'death', hypothesis: 'memory-limit' },
    ],
    missing: [],
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
  const dir = join(folder, 'interrupted')
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

test('Ctrl-C in a comparison: exit 130, everything stopped, and it says how to go on', async () => {
  const dir = join(folder, 'compared')
  const { child, ended, saw } = start(
    ...['compare', '--', '--scenario', 'high-load-quick', '--vary', 'memory=512m,1g', '--repeat', '1', '--out', dir],
  )
  await saw('warming up')
  process.kill(-(child.pid as number), 'SIGINT')
  const { stderr, code } = await ended
  expect(stderr).toContain('2 cells x 1 repeat = 2 runs, about')
  expect(stderr).toContain('0 of 2 runs are finished')
  const command = '--scenario high-load-quick --vary memory=512m,1g --repeat 1'
  expect(stderr).toContain(`go on with: npm run compare -- ${command} --out ${dir} --resume`)
  // npm, which got the signal too, may end by it instead of handing the code on.
  expect([130, null]).toContain(code)
  expect(await leftovers()).toEqual([])
  const again = await start('compare', '--', ...command.replace('1g', '2g').split(' '), '--out', dir, '--resume').ended
  expect(again.stderr).toContain('was made for something else: axes was')
  expect(again.code).toBe(4)
})

test('kill -9 of the harness leaves no process, and clean removes the rest', async () => {
  const dir = join(folder, 'killed')
  const { child, ended, saw } = start('scenario', 'high-load-quick', '--', '--runtime', 'embedded', '--out', dir)
  await saw('events emitted')
  const [ready] = (await readFile(join(dir, 'events.ndjson'), 'utf8')).split('\n', 1).map((line) => JSON.parse(line))
  const { pid } = ready as { pid: number }
  expect(await isRunning(pid)).toBe(true)
  process.kill(-(child.pid as number), 'SIGKILL')
  await ended
  await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false)
  const { code } = await start('clean').ended
  expect(code).toBe(0)
  expect(await leftovers()).toEqual([])
  const judged = await start('judge', '--', dir).ended
  expect(judged.code).toBe(3)
})

test.each([
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
