import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { InputError } from './errors.ts'
import { claimRunFolder, createRunId, findRun } from './run-folder.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culprit-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('a run is named by its time and scenario, so that names sort by time', () => {
  expect(createRunId('high-load', new Date('2026-01-02T03:04:05Z'))).toMatch(
    /^2026-01-02T03-04-05-high-load-[0-9a-f]{4}$/,
  )
})

test('a record gets a folder of its own', async () => {
  await claimRunFolder(join(folder, 'a', 'new', 'one'))
  await writeFile(join(folder, 'note.txt'), 'mine')
  await expect(claimRunFolder(folder)).rejects.toThrow(/not empty/)
})

test('a folder that cannot be written is told before anything starts', async () => {
  await writeFile(join(folder, 'file'), '')
  await expect(claimRunFolder(join(folder, 'file', 'run'))).rejects.toThrow(InputError)
  await expect(claimRunFolder(join(folder, 'file'))).rejects.toThrow(InputError)
  await expect(claimRunFolder('/proc/nowhere/run')).rejects.toThrow('cannot be written')
})

test('a run is found by its folder and by a file in it', async () => {
  const run = join(folder, 'run')
  await mkdir(run)
  await writeFile(join(run, 'run.json'), '{}')
  expect(await findRun(run)).toBe(run)
  expect(await findRun(join(run, 'run.json'))).toBe(run)
  await expect(findRun(join(folder, 'nothing'))).rejects.toThrow(/there is no run/)
})
