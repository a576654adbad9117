import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { scenarios } from '../../../scenarios/index.ts'
import type { DiagnoseRequest } from '../../command-line/commands/diagnose.ts'
import { parseCommandLine } from '../../command-line/parse.ts'
import type { Diagnosis } from '../../diagnosis.ts'
import { InputError, InterruptedError, StackError } from '../../errors.ts'
import { hypotheses } from '../../hypotheses/index.ts'
import type { RunPlan } from '../../manifest.ts'
import { crash } from '../../report/verdict.fixture.ts'
import type { Answer, Verdict } from '../../verdict.ts'
import { conductDiagnosis } from './conduct.ts'
import { drawWorld, type Fate, GiB, writeRecorded } from './world.fixture.ts'

let folder: string
let recorded: string
let out: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culprit-diagnose-'))
  ;[recorded, out] = [join(folder, 'a-crash'), join(folder, 'out')]
  await writeRecorded(recorded)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const machine = { memoryBytes: 24 * GiB, cpus: 2 }
const known = { scenarios, profiles: ['as-reported'], causes: [], faults: [], proofs: [], ...machine }

/** The verdict of the recorded run: its own findings, and others on top. */
function judged(others: Readonly<Record<string, Answer>> = {}, change: Partial<Verdict> = {}): Verdict {
  const own = crash.findings.filter(({ hypothesis }) => !(hypothesis in others) && hypothesis !== 'batch-blocked')
  const added = Object.entries(others).map(([name, answer]) => {
    const { label, role, claim } = hypotheses.find((one) => one.name === name) ?? crash.findings[0] ?? raise()
    return { hypothesis: name, label, role, claim, answer, because: '', observations: [] }
  })
  return { ...crash, findings: [...own, ...added], ...change }
}
function raise(): never {
  throw new Error('there is no such hypothesis')
}

async function start(world: ReturnType<typeof drawWorld>, flags = '', verdict = judged()) {
  const line = `diagnose ${recorded} --out ${out}${flags}`
  const order = parseCommandLine(line.split(' '), known) as DiagnoseRequest
  const stdout = new PassThrough()
  const judging = { hypotheses, judge: async () => verdict }
  const code = await conductDiagnosis(order, judging, world.means, stdout as unknown as NodeJS.WriteStream)
  const diagnosis = JSON.parse(await readFile(join(out, 'diagnosis.json'), 'utf8')) as Diagnosis
  const answers = Object.fromEntries(diagnosis.causes.map(({ hypothesis, answer }) => [hypothesis, answer]))
  return {
    code,
    text: String(stdout.read() ?? ''),
    diagnosis,
    answers,
    cells: diagnosis.trials.map(({ cell }) => cell),
  }
}

const storm = { chain: ['cpu-too-small', 'retry-storm', 'memory-limit'] }

/** The incident: a starved CPU, a storm, a memory limit; each was needed. */
function incident({ scenario: { limits, client } }: RunPlan): Fate {
  if (limits.cpus >= 2 || client.attempts === 1) return {}
  if (limits.memoryLimitBytes >= 4 * GiB) return { chain: ['cpu-too-small', 'retry-storm'] }
  if (limits.memoryLimitBytes <= GiB) return { diedMs: 2_000, chain: ['memory-limit'] }
  return { ...storm, diedMs: limits.cpus < 1 || client.timeoutMs < 5_000 ? 14_000 : 31_000 }
}

/** A leak on a clock: only the memory limit moves it. */
function leak({ scenario: { limits } }: RunPlan): Fate {
  return { diedMs: 30_000 * (limits.memoryLimitBytes / (2 * GiB)), chain: ['memory-limit'] }
}

describe('diagnose', () => {
  test('confirms trigger, amplifier and death of the default crash with six changes, and says what each was for', async () => {
    const world = drawWorld(incident)
    const { code, answers, cells, diagnosis, text } = await start(world)
    expect(answers).toEqual({ 'cpu-too-small': 'confirmed', 'retry-storm': 'confirmed', 'memory-limit': 'confirmed' })
    expect(cells).toEqual([
      ...['as it was', 'cpus=2', 'attempts=1', 'memory=4096m'],
      ...['cpus=0.5', 'client-timeout=2500ms', 'memory=1024m'],
    ])
    expect(diagnosis).toMatchObject({ end: 'certain', changedRuns: 6 })
    expect(code).toBe(0)
    const words = text.replaceAll(/\s+/g, ' ')
    expect(words).toContain('CPU too small (trigger) > retry storm (amplifier) > memory limit (death)')
    expect(words).toContain(
      'The crash needs each of CPU too small and retry storm: without any one of them it does not come',
    )
    expect(words).toMatch(/No crash is not yet a cure: .* 52 of 300 with --memory 4096m/)
    expect(words).toContain('7 runs: 1 as it was, 6 with one thing changed')
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    // All else equal: the seed too; watched for as long as the crash took and longer.
    expect(world.ran.every(({ seed, scenario: { phases } }) => seed === 1 && (phases.minMs ?? 0) > 37_000)).toBe(true)
    expect(await readFile(join(out, 'diagnosis.md'), 'utf8')).toContain(
      '- cpus=0.5: `npm run scenario high-load -- --seed 1 --cpus 0.5`',
    )
  })

  test('refutes what the crash does without, and does not make that worse', async () => {
    const cheap = (plan: RunPlan): Fate =>
      plan.scenario.limits.cpus >= 2 ? { chain: ['retry-storm', 'memory-limit'], diedMs: 33_000 } : incident(plan)
    const { answers, cells, diagnosis } = await start(drawWorld(cheap))
    expect(answers).toMatchObject({ 'cpu-too-small': 'refuted', 'retry-storm': 'confirmed' })
    expect(cells).not.toContain('cpus=0.5')
    expect(diagnosis.headline).toContain('REFUTED as a cause of this crash: CPU too small')
  })

  test('a cure that left the cause in place was too weak a dose, and refutes nothing', async () => {
    const starved = (plan: RunPlan): Fate =>
      plan.scenario.limits.cpus >= 2 ? { ...storm, diedMs: 33_000 } : incident(plan)
    const { answers, diagnosis } = await start(drawWorld(starved))
    expect(answers['cpu-too-small']).toBe('not known')
    expect(diagnosis.causes[0]?.because).toContain('CPU too small was still there: too weak a dose')
  })

  test('more memory cures a memory crash whatever filled it: less work tells a leak from a storm', async () => {
    const live = { 'memory-growth': 'inconclusive' } as const
    const leaking = await start(drawWorld(leak), ' --max-runs 8', judged(live))
    expect(leaking.answers).toEqual({
      'cpu-too-small': 'refuted',
      'retry-storm': 'refuted',
      'memory-limit': 'confirmed',
      'memory-growth': 'confirmed',
    })
    await rm(out, { recursive: true })
    const storming = await start(drawWorld(incident), '', judged(live))
    expect(storming.answers).toMatchObject({ 'memory-growth': 'refuted', 'retry-storm': 'confirmed' })
    // The runs for the others answer for it, too.
    expect(storming.diagnosis.changedRuns).toBe(6)
  })

  test('a crash that does not come back shows nothing, whatever is changed', async () => {
    const { code, diagnosis, text } = await start(drawWorld(() => ({})))
    expect(diagnosis).toMatchObject({ end: 'does not come back', changedRuns: 0 })
    expect(code).toBe(3)
    expect(text).toContain('NOT KNOWN')
    await rm(out, { recursive: true })
    const other = await start(drawWorld(() => ({ diedMs: 20_000, signal: 'SIGTERM', chain: ['outside-kill'] })))
    expect(other.diagnosis.headline).toContain('it died of something else')
  })

  test('a change that was not in force decides nothing', async () => {
    const stuck = (plan: RunPlan): Fate => {
      const isChanged = plan.scenario.limits.cpus !== 1
      return isChanged ? { limits: { cpus: 1 } } : incident(plan)
    }
    const { answers, cells, code } = await start(drawWorld(stuck), ' --max-runs 9')
    expect(answers).toMatchObject({ 'cpu-too-small': 'not known', 'retry-storm': 'confirmed' })
    expect(cells.filter((cell) => cell === 'cpus=2')).toHaveLength(2)
    expect(cells).not.toContain('cpus=0.5')
    expect(code).toBe(3)
  })

  test('a saturated generator, and a run that did not start, decide nothing', async () => {
    const tired = (plan: RunPlan): Fate => {
      if (plan.scenario.client.attempts === 1) throw new StackError('no room')
      if (plan.scenario.limits.cpus < 2) return incident(plan)
      return { outcome: 'unknown', missing: ['the load generator was saturated'] }
    }
    const { answers, diagnosis } = await start(drawWorld(tired), ' --max-runs 9')
    expect(answers).toMatchObject({ 'cpu-too-small': 'not known', 'retry-storm': 'not known' })
    const because = diagnosis.causes.map((cause) => cause.because).join(' ')
    expect(because).toContain('cpus=2 tells nothing: the load generator was saturated')
    expect(because).toContain('attempts=1 tells nothing: it did not start: no room')
  })

  test('a run that ended before the crash would have come has cured nothing', async () => {
    const short = (plan: RunPlan): Fate => (plan.scenario.limits.cpus >= 2 ? { endMs: 20_000 } : incident(plan))
    const { answers, diagnosis } = await start(drawWorld(short))
    expect(answers['cpu-too-small']).toBe('not known')
    expect(diagnosis.causes[0]?.because).toContain('watched until +20.0 s only')
  })

  test('interrupted and resumed, it makes the same runs as in one go', async () => {
    const whole = await start(drawWorld(incident))
    await rm(out, { recursive: true })
    let left = 3
    const first = drawWorld((plan) => {
      if (left-- === 0) throw new InterruptedError('interrupted')
      return incident(plan)
    })
    await expect(start(first)).rejects.toThrow(InterruptedError)
    expect(first.said.at(-1)).toMatch(/3 runs are finished and kept; go on with: .* --resume$/)
    const second = await start(drawWorld(incident), ' --resume')
    expect(second.cells).toEqual(whole.cells)
    await writeRecorded(recorded, { startedAt: '2026-02-02T00:00:00.000Z' })
    await expect(start(drawWorld(incident), ' --resume')).rejects.toThrow('made for something else: startedAt')
  })

  test('more runs than were allowed at first can be allowed later', async () => {
    const { diagnosis, code, text } = await start(drawWorld(incident), ' --max-runs 2')
    expect(diagnosis).toMatchObject({ end: 'runs used up', changedRuns: 2 })
    expect(code).toBe(3)
    expect(text).toContain('--resume')
    expect(diagnosis.causes[1]?.because).toMatch(/it survived; not tried: with clients that give up sooner$/)
    expect((await start(drawWorld(incident), ' --max-runs 6 --resume')).code).toBe(0)
  })

  test.each<[string, () => Promise<Verdict | undefined>, string]>([
    [
      'a healthy run',
      async () => judged({}, { outcome: 'survived', chain: [] }),
      'did not crash, and no cause of harm was found in it: there is nothing to diagnose',
    ],
    ['a run that survived with harm', async () => judged({}, { outcome: 'survived' }), 'there is no crash to diagnose'],
    [
      'a run nobody can trust',
      async () => judged({}, { outcome: 'unknown', missing: ['the generator was saturated'] }),
      'whether it crashed is not known: the generator was saturated',
    ],
    ['a record without truth.json', async () => void (await rm(join(recorded, 'truth.json'))), 'cannot be done again'],
    ['a damaged record', async () => void (await writeFile(join(recorded, 'run.json'), '{')), 'no readable run'],
    [
      'a target',
      () => writeRecorded(recorded, { subject: { kind: 'target', url: 'http://127.0.0.1:1', readyPath: '/' } }).then(),
      'nothing of it is started or limited',
    ],
    [
      'an image whose variables are not recorded',
      () => writeRecorded(recorded, { subject: { ...image, env: ['DATABASE_URL'] } }).then(),
      'give them again, with --datastorage-env DATABASE_URL=…',
    ],
  ])('%s is refused before anything starts', async (_, prepare, problem) => {
    const verdict = await prepare()
    const world = drawWorld(incident)
    const started = start(world, '', verdict ?? judged())
    await expect(started).rejects.toThrow(InputError)
    await expect(started).rejects.toThrow(problem)
    expect(world.ran).toEqual([])
  })

  test('a knob that another image does not have is called not available', async () => {
    await writeRecorded(recorded, { subject: image })
    const { diagnosis } = await start(drawWorld(incident), '', judged({ 'pool-exhaustion': 'inconclusive' }))
    const pool = diagnosis.causes.find(({ hypothesis }) => hypothesis === 'pool-exhaustion')
    expect(pool).toMatchObject({ answer: 'not known' })
    expect(pool?.because).toContain('not available: --pool: not available for this image; --knob-env pool=VARIABLE')
  })

  test('a machine without more of it says so, and what it has is tried', async () => {
    const small = { ...known, memoryBytes: 3.5 * GiB, cpus: 1 }
    const order = parseCommandLine(`diagnose ${recorded} --out ${out}`.split(' '), small) as DiagnoseRequest
    const world = drawWorld((plan) => (plan.scenario.limits.memoryLimitBytes > 2 * GiB ? {} : incident(plan)))
    const stdout = new PassThrough() as unknown as NodeJS.WriteStream
    await conductDiagnosis(order, { hypotheses, judge: async () => judged() }, world.means, stdout)
    const { causes, trials } = JSON.parse(await readFile(join(out, 'diagnosis.json'), 'utf8')) as Diagnosis
    expect(causes[0]?.because).toContain("is beyond this machine's 1 CPUs")
    expect(trials.map(({ cell }) => cell)).toContain('memory=3072m')
  })
})

const image = {
  kind: 'image' as const,
  image: 'x',
  port: 8080,
  readyPath: '/health',
  env: [],
  mounts: [],
  schema: null,
  knobs: {},
}
