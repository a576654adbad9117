import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { labelled } from '../containers/docker/testing/scene.ts'
import { enginesForTests, engineTest } from '../containers/engines.testing.ts'
import type { ContainerEngine } from '../containers/engines.ts'
import { imagesForTests } from '../containers/images/testing/images.ts'
import { start } from './command.fixture.ts'
import { readEvidence } from './evidence.ts'
import type { Verdict } from './verdict.ts'

// The program as a user starts it, in a real engine: the same verdict as without one, and nothing left.

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culprit-engine-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const engines = await enginesForTests()

for (const name of ['docker', 'podman'] as const) {
  const found = engines[name]
  let images: Awaited<ReturnType<typeof imagesForTests>>
  beforeAll(async () => {
    if ('engine' in found) images = await imagesForTests(found.engine)
  })
  const inEngine = (title: string, body: (engine: ContainerEngine, run: readonly string[]) => Promise<void>) =>
    engineTest(found, title, async (engine, context) => {
      if ('missing' in images) return context.skip(images.missing)
      const before = await labelled(engine)
      await body(engine, ['scenario', 'high-load-quick', '--', '--runtime', name])
      expect((await labelled(engine)).filter((value) => !before.includes(value))).toEqual([])
    })

  inEngine('high-load-quick dies of memory at the end of a retry storm', async (_, run) => {
    // A neighbour that takes the CPU makes for another verdict, and a right one: see high-load-quick.e2e.test.ts.
    for (let attempt = 1; ; attempt++) {
      const dir = await mkdtemp(join(folder, 'crash-'))
      const { code, stdout } = await start(...run, '--out', dir).ended
      const verdict = JSON.parse(await readFile(join(dir, 'verdict.json'), 'utf8')) as Verdict
      const chain = verdict.chain.map(({ hypothesis }) => hypothesis)
      // A container pays for its program's pages too: at 512 MiB it may live on at its limit, which is then not known.
      const mayStand = ['cpu-too-small', 'retry-storm', 'memory-limit']
      expect(mayStand).toEqual(expect.arrayContaining(chain))
      if (!chain.includes('memory-limit') && attempt < 3) continue
      if (verdict.outcome === 'crashed') expect(chain).toContain('memory-limit')
      expect([0, 2, 3]).toContain(code)
      expect(stdout).toContain('container engine')
      expect((await readEvidence(dir)).appliedLimits).toMatchObject({
        limiter: 'engine',
        memoryLimitBytes: 512 * 2 ** 20,
        memoryAndSwapLimitBytes: 512 * 2 ** 20,
        cpus: 1,
      })
      expect(await readFile(join(dir, 'datastorage.log'), 'utf8')).toContain('"listening"')
      return
    }
  })

  inEngine('a kill that somebody asked the engine for is called that', async (engine) => {
    const dir = await mkdtemp(join(folder, 'asked-'))
    const before = await labelled(engine)
    const { ended, saw } = start('scenario', 'healthy', '--', '--runtime', name, '--out', dir)
    await saw('events emitted')
    const [ours] = (await labelled(engine)).filter((value) => !before.includes(value))
    const filters = JSON.stringify({ label: [`culprit=${ours}`, 'culprit.part=datastorage'] })
    const [container] = await engine.api.listContainers({ filters })
    await engine.api.getContainer(container?.Id ?? '').kill({ signal: 'SIGKILL' })
    const { code, stdout } = await ended
    const verdict = JSON.parse(await readFile(join(dir, 'verdict.json'), 'utf8')) as Verdict
    expect(verdict.chain.map(({ hypothesis }) => hypothesis)).toEqual(['outside-kill'])
    expect(verdict.ranIn).toMatchObject({ runtime: name, version: engine.version })
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/engine DataStorage: kill .*die \(137\)/)
    // Survival was claimed.
    expect(code).toBe(2)
  })

  inEngine('Ctrl-C in mid-run: exit 130, and nothing is left', async (_, run) => {
    const { child, ended, saw } = start(...run, '--out', await mkdtemp(join(folder, 'interrupted-')))
    await saw('events emitted')
    process.kill(-(child.pid as number), 'SIGINT')
    const { stderr } = await ended
    expect(stderr).toContain('everything was stopped (exit 130)')
  })

  inEngine('kill -9 of the harness: clean removes what it left', async (engine, run) => {
    const before = await labelled(engine)
    const { child, ended, saw } = start(...run, '--out', await mkdtemp(join(folder, 'killed-')))
    await saw('events emitted')
    process.kill(-(child.pid as number), 'SIGKILL')
    await ended
    const [left] = (await labelled(engine)).filter((value) => !before.includes(value))
    expect(left).toMatch(/^culprit-/)
    const { code, stdout } = await start('clean').ended
    expect(code).toBe(0)
    expect(stdout).toContain(`removed ${left} (${name})`)
  })
}

test('an engine that cannot be reached, asked for by name: exit 5, and what to do', async () => {
  const before = process.env.DOCKER_HOST
  process.env.DOCKER_HOST = 'unix:///nowhere/docker.sock'
  try {
    const out = join(folder, 'unreachable')
    const { code, stderr } = await start('scenario', 'high-load-quick', '--', '--runtime', 'docker', '--out', out).ended
    expect(stderr).toContain('no docker can be reached')
    expect(stderr).toContain('unix:///nowhere/docker.sock: there is no such socket')
    expect(stderr).toContain('try: ')
    expect(code).toBe(5)
  } finally {
    if (before === undefined) delete process.env.DOCKER_HOST
    else process.env.DOCKER_HOST = before
  }
})
