import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLineFile } from './line-file.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'culprit-test-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const failures: Error[] = []
const options = {
  mayWrite: () => true,
  failed: (error: Error) => failures.push(error),
}

test('lines are in the order in which they came, long ones, many at once and late ones as well', async () => {
  const path = join(dir, 'lines')
  const file = await openLineFile<string>(path, options)
  const lines = Array.from({ length: 2_000 }, (_, n) => `${n} ${'ü→x'.repeat(n % 700 === 0 ? 40_000 : n % 50)}`)
  for (const [n, line] of lines.entries()) {
    if (n % 3 === 0) file.appendBytes(Buffer.from(`${JSON.stringify(line)}\n`))
    else file.append(line)
    if (n === 900) await file.written()
  }
  await file.close()
  const written = (await readFile(path, 'utf8')).trimEnd().split('\n')
  expect(written.map((line) => JSON.parse(line))).toEqual(lines)
  expect(failures).toEqual([])
})

test('what was written is with the system before the file is closed, and nothing follows its end', async () => {
  const path = join(dir, 'lines')
  const file = await openLineFile<number>(path, options)
  file.append(1)
  await file.written()
  expect(await readFile(path, 'utf8')).toBe('1\n')
  file.append(2)
  await file.close()
  file.append(3)
  await file.close()
  expect(await readFile(path, 'utf8')).toBe('1\n2\n')
})

test('a line comes to the file by itself', async () => {
  const path = join(dir, 'lines')
  const file = await openLineFile<number>(path, options)
  file.append(1)
  await expect.poll(() => readFile(path, 'utf8')).toBe('1\n')
  await file.close()
})

test('a disk that is full is told once, to who waits as well', async () => {
  const told: Error[] = []
  const file = await openLineFile<number>('/dev/full', { ...options, failed: (error) => told.push(error) })
  file.append(1)
  await expect(file.written()).rejects.toThrow('ENOSPC')
  file.append(2)
  await expect(file.written()).rejects.toThrow('ENOSPC')
  await file.close()
  expect(told).toHaveLength(1)
})

test('what may not be written any more is given up', async () => {
  let mayWrite = true
  const path = join(dir, 'lines')
  const file = await openLineFile<number>(path, { ...options, mayWrite: () => mayWrite })
  file.append(1)
  await file.written()
  mayWrite = false
  file.append(2)
  await file.close()
  expect(await readFile(path, 'utf8')).toBe('1\n')
})
