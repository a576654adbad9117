import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { createScene } from '../containers/embedded/fixtures/scene.ts'
import { removeLeftovers } from '../containers/embedded/leftovers.ts'

test.each([
  ['a run', "(await import('./harness/work-folder.ts')).createWorkFolder()"],
  ['a gate with a revision', "(await import('./harness/experiments/sides.ts')).checkOut('--baseline', 'HEAD')"],
  ['a bench that records', "(await import('./harness/bench/deliveries.ts')).openRecord()"],
])('what a kill leaves of %s is found, and only then', async (_, make) => {
  await using scene = await createScene()
  const code = `const made = await ${make}; console.log('made'); setInterval(() => made, 60_000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: resolve(import.meta.dirname, '..'),
    env: { ...process.env, TMPDIR: scene.folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    const left = (await readdir(scene.folder)).map((name) => join(scene.folder, name))
    expect(left).toHaveLength(1)
    // What is outside of the scene may be of anybody.
    const removed = async () => (await removeLeftovers([scene.folder])).filter((path) => path.startsWith(scene.folder))
    expect(await removed()).toEqual([])
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await removed()).toEqual(left)
    expect(await readdir(scene.folder)).toEqual([])
  } finally {
    child.kill('SIGKILL')
  }
})
