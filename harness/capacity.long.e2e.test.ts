import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { start } from './command.fixture.ts'
import { readEvidence } from './evidence.ts'
import { sustainedEventsPerSec } from './gate/under-load.ts'
import type { Verdict } from './verdict.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culprit-capacity-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a closed loop against the real service: every event that was acknowledged is stored once, and its rate is known', async () => {
  const dir = await mkdtemp(join(folder, 'run-'))
  const { code } = await start('scenario', 'capacity', '--', '--runtime', 'embedded', '--out', dir).ended
  expect(code).toBe(0)
  const verdict = JSON.parse(await readFile(join(dir, 'verdict.json'), 'utf8')) as Verdict
  expect(verdict.accounting).toMatchObject({
    emitted: 9_600,
    acknowledged: 9_600,
    stored: 9_600,
    acknowledgedAndLost: 0,
    storedMoreThanOnce: 0,
    unknown: 0,
  })
  expect(sustainedEventsPerSec(await readEvidence(dir))).toBeGreaterThan(0)
})
