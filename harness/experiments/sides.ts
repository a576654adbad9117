import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { extract } from 'tar-fs'
import { InputError } from '../errors.ts'

const projectDir = resolve(import.meta.dirname, '..', '..')
const standIn = 'containers/datastorage'

/** A stand-in to compare: `entry` is its program; absent: the one in this checkout. */
export interface Checkout extends AsyncDisposable {
  readonly title: string
  readonly entry: string | undefined
}

const git = async (...args: string[]) =>
  (await promisify(execFile)('git', ['-C', projectDir, ...args], { maxBuffer: 2 ** 26 })).stdout.trim()

/** What to compare with when nothing is said: the last tag, else the last commit but this one that changed the stand-in. */
export async function defaultBaseline(): Promise<string> {
  const tag = await git('describe', '--tags', '--abbrev=0', 'HEAD').catch(() => '')
  if (tag !== '') return tag
  const commits = await git('log', '-2', '--format=%H', '--', standIn).catch(() => '')
  const [newest, before] = commits.split('\n')
  const isChanged = (await git('status', '--porcelain', '--', standIn).catch(() => '')) !== ''
  const commit = isChanged || !before ? newest : before
  if (commit) return commit
  throw new InputError(['--baseline: there is no git history here to take one from; name a setting such as pool=5'])
}

/**
 * The stand-in of a git revision, in a temporary folder that goes when it is disposed. `current` is this checkout as it
 * lies there, changes included.
 *
 * @throws InputError where there is no such revision, or its stand-in needs other packages than are installed
 */
export async function checkOut(flag: string, revision: string): Promise<Checkout> {
  if (revision === 'current') {
    return { title: 'the stand-in as it lies here', entry: undefined, [Symbol.asyncDispose]: async () => {} }
  }
  const commit = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`).catch(
    () => '',
  )
  if (commit === '') throw new InputError([`${flag} ${revision}: there is no such revision, and it is no setting K=V`])
  const needs = await dependencies(commit).catch(() => null)
  if (needs === null) throw new InputError([`${flag} ${revision}: it has no ${standIn}`])
  // Its packages are those installed here: with others, a difference would be theirs.
  if (needs !== (await dependencies(null))) {
    throw new InputError([
      `${flag} ${revision}: its ${standIn}/package.json asks for other packages than are installed`,
    ])
  }
  const folder = await mkdtemp(join(tmpdir(), 'culprit-gate-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const archive = spawn('git', ['-C', projectDir, 'archive', '--format=tar', commit, standIn])
    const ended = once(archive, 'close')
    await pipeline(archive.stdout, extract(folder))
    await ended
    await symlink(join(projectDir, 'node_modules'), join(folder, 'node_modules'))
  } catch (error) {
    await remove()
    throw error
  }
  const short = commit.slice(0, 12)
  const title = `the stand-in of ${revision.startsWith(short) ? short : `${revision} (${short})`}`
  return { title, entry: join(folder, standIn, 'main.ts'), [Symbol.asyncDispose]: remove }
}

/** What a revision's stand-in depends on, as text; of this checkout where `commit` is null. */
async function dependencies(commit: string | null): Promise<string> {
  const file = `${standIn}/package.json`
  const text = commit ? await git('show', `${commit}:${file}`) : await readFile(join(projectDir, file), 'utf8')
  const { dependencies: needs } = JSON.parse(text) as { dependencies?: Record<string, string> }
  return JSON.stringify(Object.entries(needs ?? {}).sort())
}
