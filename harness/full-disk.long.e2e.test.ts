import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newLeftovers, start } from './command.fixture.ts'
import { readEvidence } from './evidence.ts'

// A disk that is full in mid-run, as a user meets it: a small one of our own holds the record.

const diskBytes = 128 * 1024

let disk: string
beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), 'culprit-disk-'))
})
afterAll(() => rm(disk, { recursive: true, force: true }))

/** Whether we may make a disk here. */
function mount(): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', disk]).status === 0
}

test('a disk that is full in mid-run: exit 5 at once, everything stopped, and a record that says that it broke off', async ({
  skip,
}) => {
  if (!mount()) skip('making a small disk takes rights that are missing here')
  try {
    const leftovers = await newLeftovers()
    const dir = join(disk, 'run')
    const { stderr, code } = await start(
      ...['scenario', 'high-load-quick', '--', '--runtime', 'embedded', '--out', dir],
    ).ended
    expect(stderr).toMatch(/the record in .* could not be written: ENOSPC/)
    expect(stderr).toContain('try: make room on that disk, or choose another folder with --out')
    expect(code).toBe(5)
    expect(await leftovers()).toEqual([])
    const evidence = await readEvidence(dir)
    expect(evidence.burst).not.toBeNull()
    expect(evidence.attempts.length).toBeGreaterThan(0)
    expect(evidence.end?.reason ?? 'error').toBe('error')
    const judged = await start('judge', '--', dir, '--json').ended
    expect(judged.code).toBe(3)
    expect(JSON.parse(judged.stdout)).toMatchObject({ outcome: 'unknown', chain: [] })
  } finally {
    execFileSync('umount', [disk])
  }
})
