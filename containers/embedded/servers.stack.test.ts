import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ownedByThisProcess } from '../../harness/owner.ts'
import { createScene, processesIn } from './fixtures/scene.ts'
import { cacheFolder } from './folders.ts'
import { startPostgres } from './postgres.ts'
import { packagedBinaries } from './postgres-template.ts'
import { startRedis } from './redis.ts'

const signal = new AbortController().signal
const isRoot = process.getuid?.() === 0
const run = promisify(execFile)

afterEach(() => vi.unstubAllEnvs())

async function script(path: string, text: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  return path
}

describe('PostgreSQL', () => {
  test('started twice at once with an empty cache comes up twice', async () => {
    await using scene = await createScene()
    vi.stubEnv('XDG_CACHE_HOME', join(scene.folder, 'cache'))
    const folders = [join(scene.folder, 'a'), join(scene.folder, 'b')]
    const servers = await Promise.all(
      folders.map(async (folder) => {
        await mkdir(folder)
        return startPostgres({ folder, signal })
      }),
    )
    expect(new Set(servers.map((server) => server.connectionString)).size).toBe(2)
    expect(await readdir(cacheFolder())).toEqual([expect.stringMatching(/^postgres-18/)])
    for (const server of servers) await server[Symbol.asyncDispose]()
    expect(await processesIn(scene.folder)).toEqual([])
  })

  // Under a folder of mode 700, such as /root, another user id cannot reach the files: it must work all the same.
  test.skipIf(!isRoot).each([
    { mode: 0o755, reach: 'that others may enter', hostUid: '65534' },
    { mode: 0o700, reach: 'of its own', hostUid: '0' },
  ])('runs for root in a folder $reach', async ({ mode, hostUid }) => {
    await using scene = await createScene(mode)
    await using server = await startPostgres({ folder: scene.folder, signal })
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
    expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).toBe(hostUid)
    expect(/^Name:\t(.*)/m.exec(status)?.[1]).toBe('postgres')
  })

  test('with broken binaries says what is missing and how to get it', async () => {
    await using scene = await createScene()
    const message = 'error while loading shared libraries: libicuuc.so.60'
    const broken = await script(join(scene.folder, 'broken'), `echo ${message} >&2; exit 127`)
    const start = startPostgres({ folder: scene.folder, signal, binaries: { initdb: broken, postgres: broken } })
    await expect(start).rejects.toMatchObject({
      name: 'StackError',
      logTail: expect.arrayContaining([message]),
      hint: expect.stringContaining('npm rebuild'),
    })
  })

  test('that ends while it starts is reported with its log', async () => {
    await using scene = await createScene()
    const real = await packagedBinaries()
    // Fails only as a server, so that the template can be made.
    const failing = `case "$*" in *port=*) echo "FATAL: no shared memory" >&2; exit 1;; esac; exec ${real.postgres} "$@"`
    const postgres = await script(join(scene.folder, 'postgres-failing'), failing)
    const start = startPostgres({ folder: scene.folder, signal, binaries: { ...real, postgres } })
    await expect(start).rejects.toMatchObject({
      name: 'StackError',
      message: 'PostgreSQL ended before it was ready: exit code 1',
      logTail: ['FATAL: no shared memory'],
    })
  })
})

describe('Redis', () => {
  test('that is not installed, where it cannot be fetched either, is asked for by name', async () => {
    await using scene = await createScene()
    const setpriv = (await run('which', ['setpriv'])).stdout.trim()
    await symlink(setpriv, join(scene.folder, 'setpriv'))
    vi.stubEnv('PATH', scene.folder)
    vi.stubEnv('XDG_CACHE_HOME', join(scene.folder, 'cache'))
    await expect(startRedis({ folder: scene.folder, signal })).rejects.toMatchObject({
      name: 'StackError',
      message: expect.stringContaining('neither redis-server nor valkey-server is on PATH'),
      hint: expect.stringContaining('apt-get install redis-server'),
      logTail: expect.arrayContaining([expect.stringContaining('apt-get')]),
    })
    expect(await readdir(cacheFolder())).toEqual([])
  })

  test('lets nobody in without its password', async () => {
    await using scene = await createScene()
    await using server = await startRedis({ folder: scene.folder, signal })
    const { port, password } = new URL(server.url)
    expect(password).toHaveLength(32)
    const { Socket } = await import('node:net')
    const socket = new Socket().connect(Number(port), '127.0.0.1')
    socket.write('PING\r\n')
    const answer = await new Promise((resolve) => socket.once('data', (data) => resolve(String(data))))
    socket.destroy()
    expect(answer).toMatch(/^-NOAUTH/)
  })
})

test.skipIf(!isRoot)('an ordinary user gets both servers, and is told why limits need more rights', async () => {
  await using scene = await createScene()
  const folder = join(scene.folder, 'home')
  await mkdir(join(folder, 'culprit'), { recursive: true })
  // The servers, so that they need not be made again.
  const made = (await readdir(cacheFolder())).filter((name) => /^(postgres|redis)-/.test(name))
  await run('cp', ['-a', ...made.map((name) => join(cacheFolder(), name)), join(folder, 'culprit')])
  // No process has an id above 4194304.
  const [own, roots] = [0, 1].map(() => ownedByThisProcess().replace(/^culprit-\d+/, 'culprit-4194305')) as [
    string,
    string,
  ]
  await mkdir(join(folder, own))
  await run('chown', ['-R', '1000:1000', folder])
  await mkdir(join(folder, roots))
  const program = [process.execPath, join(import.meta.dirname, 'fixtures/ordinary-user.ts'), folder]
  const { stdout } = await run('setpriv', ['--reuid=1000', '--regid=1000', '--clear-groups', '--', ...program], {
    env: { PATH: process.env.PATH, XDG_CACHE_HOME: folder },
  })
  const said = JSON.parse(stdout)
  expect(said).toMatchObject({ postgres: expect.stringMatching(/^\d+/), redis: expect.stringMatching(/^\d+/) })
  expect(said.removed).toEqual([join(folder, own)])
  expect(said.refusal).toMatch(/cgroup-v1: user id 1000, which is not root, cannot write to .* -> leave --limiter out/)
  expect(await processesIn(scene.folder)).toEqual([])
})
