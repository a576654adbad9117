import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { steady } from '../../scenarios/steady.ts'
import { newLeftovers } from '../command.fixture.ts'
import { InterruptedError, ProcessEndedError, StackError } from '../errors.ts'
import type { RunPlan } from '../manifest.ts'
import { recordFiles } from '../record.ts'
import { runApart } from './index.ts'

let folder: string
let leftovers: () => Promise<string[]>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culprit-apart-'))
  leftovers = await newLeftovers()
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const plan: RunPlan = {
  scenario: steady,
  seed: 1,
  runtime: 'embedded',
  limiter: 'auto',
  expect: { expectation: 'any', from: 'the scenario' },
  command: 'a test',
  replay: 'a test',
}
const quiet = { say: () => {}, signal: new AbortController().signal }

/** Resolves once the stack stands. */
const untilStarted = (dir: string) =>
  vi.waitUntil(
    async () => (await readFile(join(dir, recordFiles.events), 'utf8').catch(() => '')).includes('stack-ready'),
    {
      timeout: 20_000,
    },
  )

test('a service that does not start is told as it would be in this process, with its log', async () => {
  const serviceEntry = join(import.meta.dirname, 'no-such-program.ts')
  const error = await runApart({ ...plan, serviceEntry }, join(folder, 'run'), quiet).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(StackError)
  expect((error as StackError).logTail.join('\n')).toContain('no-such-program')
})

test.each([
  ['before it was told what to do', ''],
  ['in its run', "process.once('message', kill)"],
])('a process that is killed %s is told as such', async (_, when) => {
  const kill = "function kill() { process.kill(process.pid, 'SIGKILL') }"
  vi.stubEnv('NODE_OPTIONS', `--import "data:text/javascript,${encodeURIComponent(`${kill} ${when || 'kill()'}`)}"`)
  try {
    const error = await runApart(plan, join(folder, 'run'), quiet).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ProcessEndedError)
    expect((error as Error).message).toBe('the process of a run ended by itself (SIGKILL)')
  } finally {
    vi.unstubAllEnvs()
  }
})

test('an interruption ends it, and nothing is left', async () => {
  const abort = new AbortController()
  const dir = join(folder, 'run')
  const running = runApart(plan, dir, { ...quiet, signal: abort.signal })
  running.catch(() => {})
  await untilStarted(dir)
  abort.abort(new Error('stop'))
  await expect(running).rejects.toBeInstanceOf(InterruptedError)
  expect(await readFile(join(dir, recordFiles.events), 'utf8')).toContain('"reason":"interrupted"')
  expect(await leftovers()).toEqual([])
})

test('it ends with the process that started it, however that ended', async () => {
  const dir = join(folder, 'run')
  const script = join(folder, 'parent.mjs')
  await writeFile(
    script,
    `const { runApart } = await import(${JSON.stringify(join(import.meta.dirname, 'index.ts'))})
await runApart(${JSON.stringify(plan)}, ${JSON.stringify(dir)}, { say() {}, signal: new AbortController().signal })`,
  )
  const parent = spawn(process.execPath, [script], { stdio: 'ignore' })
  await untilStarted(dir)
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  const hasEnded = async () =>
    (await readFile(join(dir, recordFiles.events), 'utf8')).includes('"reason":"interrupted"')
  await vi.waitUntil(hasEnded, { timeout: 10_000 })
  await vi.waitUntil(async () => (await leftovers()).length === 0, { timeout: 10_000 })
})
