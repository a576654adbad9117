import { access, constants, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { StackError } from '../../harness/errors.ts'
import { cached } from './folders.ts'
import { plainEnv, proxyEnv, runTool } from './tool.ts'

/** What Debian's and Ubuntu's redis-server needs beyond a minimal system. */
const packages = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1']

/** A Redis server program, and the environment it needs. */
export interface RedisBinary {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}

/** The Redis on PATH, or Valkey, or Debian's package unpacked in the cache (downloaded the first time, without installing it). */
export async function findRedis(signal: AbortSignal, onProgress?: (message: string) => void): Promise<RedisBinary> {
  const path = (await onPath('redis-server')) ?? (await onPath('valkey-server'))
  if (path) return { path, env: {} }
  try {
    const folder = await cached(await packageKey(), (partial) => download(partial, signal, onProgress))
    const libraries = await readdir(join(folder, 'usr/lib'))
    const libraryPath = libraries.map((name) => join(folder, 'usr/lib', name)).join(':')
    return { path: join(folder, 'usr/bin/redis-server'), env: { LD_LIBRARY_PATH: libraryPath } }
  } catch (cause) {
    signal.throwIfAborted()
    throw new StackError(
      'neither redis-server nor valkey-server is on PATH, and Debian’s package could not be fetched',
      {
        cause,
        hint: 'install it: `apt-get install redis-server`, `dnf install valkey` or `apk add redis`',
        logTail: cause instanceof StackError ? [cause.message, ...cause.logTail] : [],
      },
    )
  }
}

async function onPath(program: string): Promise<string | null> {
  for (const folder of (plainEnv().PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, program)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return null
}

/** Packages of another release link to other libraries: the release is part of the name. */
async function packageKey(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8')
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)`, 'm').exec(release)?.[1] ?? 'unknown'
  return `redis-${field('ID')}-${field('VERSION_ID')}-${process.arch}`
}

/** With lists and cache of its own, apt-get needs no rights and changes nothing in the system. */
async function download(folder: string, signal: AbortSignal, onProgress?: (message: string) => void): Promise<void> {
  onProgress?.('downloading redis-server with apt-get (once, about 7 MB)')
  const apt = join(folder, 'apt')
  await mkdir(join(apt, 'lists/partial'), { recursive: true })
  await mkdir(join(apt, 'cache/archives/partial'), { recursive: true })
  const options = [
    '-q',
    '-o',
    `Dir::State::lists=${apt}/lists`,
    '-o',
    `Dir::Cache=${apt}/cache`,
    '-o',
    'APT::Sandbox::User=',
  ]
  const aptGet = (...args: string[]) => runTool(['apt-get', ...options, ...args], { cwd: apt, env: proxyEnv(), signal })
  // A source of the user's that does not answer is no matter: the download tells whether ours did.
  await aptGet('update').catch(() => signal.throwIfAborted())
  await aptGet('download', ...packages)
  for (const name of await readdir(apt)) {
    if (name.endsWith('.deb')) await runTool(['dpkg', '-x', join(apt, name), folder], { signal })
  }
  await rm(apt, { recursive: true })
}
