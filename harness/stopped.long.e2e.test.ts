import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newLeftovers, start } from './command.fixture.ts'

// Other ways to stop the program than a Ctrl-C in mid-run, as a user does it: nothing stays that nobody owns.

let folder: string
let leftovers: () => Promise<string[]>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culprit-e2e-'))
  leftovers = await newLeftovers()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Whether a process runs; one that is dead and not yet reaped does not. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ') X')
  return !/^\) [ZX]/.test(stat.slice(stat.lastIndexOf(')')))
}

test('Ctrl-C in a comparison: exit 130, everything stopped, and it says how to go on', async () => {
  const dir = await mkdtemp(join(folder, 'compared-'))
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
  const dir = await mkdtemp(join(folder, 'killed-'))
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
