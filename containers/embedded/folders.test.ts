import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { createScene } from './fixtures/scene.ts'
import { cached, cacheFolder } from './folders.ts'

afterEach(() => vi.unstubAllEnvs())

const fillWith = (text: string) => (folder: string) => writeFile(join(folder, 'file'), text)

test('two that fill the same cache folder at once get the same complete folder', async () => {
  await using scene = await createScene()
  vi.stubEnv('XDG_CACHE_HOME', scene.folder)
  const [a, b] = await Promise.all([cached('key', fillWith('text')), cached('key', fillWith('text'))])
  expect(a).toBe(b)
  expect(await readFile(join(a, 'file'), 'utf8')).toBe('text')
  expect(await readdir(cacheFolder())).toEqual(['key'])
})

test('a folder that could not be filled is not there the next time', async () => {
  await using scene = await createScene()
  vi.stubEnv('XDG_CACHE_HOME', scene.folder)
  const failing = async (folder: string) => {
    await writeFile(join(folder, 'file'), 'ha')
    throw new Error('disk full')
  }
  await expect(cached('key', failing)).rejects.toThrow('disk full')
  expect(await readdir(cacheFolder())).toEqual([])
  expect(await readFile(join(await cached('key', fillWith('whole')), 'file'), 'utf8')).toBe('whole')
})

test('what is in the cache is not made again', async () => {
  await using scene = await createScene()
  vi.stubEnv('XDG_CACHE_HOME', scene.folder)
  await cached('key', fillWith('first'))
  expect(await readFile(join(await cached('key', fillWith('second')), 'file'), 'utf8')).toBe('first')
})
