import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const guard = join(import.meta.dirname, 'node-guard.js')

/** Loads the guard in a Node that says it is of this version. */
function loadAs(version: string) {
  const code = `Object.defineProperty(process.versions, 'node', { value: '${version}' }); await import('${guard}')`
  return spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
}

test.each(['18.20.0', '20.20.2', '22.19.0'])('Node %s is told what to do, and nothing is started', (version) => {
  const { status, stderr } = loadAs(version)
  expect(stderr).toContain(`this is Node ${version}`)
  expect(stderr).toContain('npm ci')
  expect(status).toBe(5)
})

test.each(['24.0.0', '26.1.0'])('Node %s goes on', (version) => {
  expect(loadAs(version)).toMatchObject({ status: 0, stderr: '' })
})
