import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { extract } from 'tar-fs'
import { InputError } from '../errors.ts'
import { createWorkFolder } from '../work-folder.ts'

const projectDir = resolve(import.meta.dirname, '..', '..')
const standIn = 'containers/datastorage'
/** What the stand-in runs from, for git: a change of its tests or its README makes no other service. */
const runsFrom = [
  ...['ts', 'json', 'sql'].map((ending) => `:(glob)${standIn}/**/*.${ending}`),
  `:(exclude,glob)${standIn}/**/*.test.ts`,
  `:(exclude)${standIn}/testing`,
  `:(exclude)${standIn}/bench.ts`,
]

/** A stand-in to compare: `entry` is its program; absent: the one in this checkout. */
export interface Checkout extends AsyncDisposable {
  readonly title: string
  readonly entry: string | undefined
  /** `null`: as it lies here. */
  readonly commit: string | null
}

const git = async (...args: string[]) =>
  (await promisify(execFile)('git', ['-C', projectDir, ...args], { maxBuffer: 2 ** 26 })).stdout.trim()

/**
 * What to compare with when nothing is said: the last tag, else the last commit but this one that changed what the stand-in
 * runs from.
 *
 * @throws InputError where there is no history, or a part of it without either
 */
export async function defaultBaseline(): Promise<string> {
  const tag = await git('describe', '--tags', '--abbrev=0', 'HEAD').catch(() => '')
  if (tag !== '') return tag
  const commits = await git('log', '-2', '--format=%H', '--', ...runsFrom).catch(() => '')
  const [newest, before] = commits.split('\n')
  const isChanged = (await git('status', '--porcelain', '--', ...runsFrom).catch(() => '')) !== ''
  if (newest && isChanged) return newest
  if (before) return before
  if ((await git('rev-parse', '--is-shallow-repository').catch(() => '')) === 'true') {
    const fetch = 'fetch the rest with "git fetch --unshallow --tags"'
    throw new InputError([
      `--baseline: this clone has no tag and too little history to take one from: ${fetch}, or name one`,
    ])
  }
  if (newest) return newest
  throw new InputError(['--baseline: there is no git history here to take one from; name a setting such as pool=5'])
}

/** Whether both run from the same files, so that no difference can be theirs. */
export async function isSameCode({ commit: one }: Checkout, { commit: other }: Checkout): Promise<boolean> {
  const commits = [one, other].filter((commit) => commit !== null)
  if (commits.length === 0) return true
  // Exit 1: there are differences. With one commit, from what lies here.
  return git('diff', '--quiet', ...commits, '--', ...runsFrom).then(
    () => true,
    () => false,
  )
}

/**
 * The stand-in of a git revision, in a temporary folder that goes when it is disposed. `current` is this checkout as it
 * lies there, changes included.
 *
 * @throws InputError where there is no such revision, or its stand-in needs other packages than are installed
 */
export async function checkOut(flag: string, revision: string): Promise<Checkout> {
  if (revision === 'current') {
    return {
      title: 'the stand-in as it lies here',
      entry: undefined,
      commit: null,
      [Symbol.asyncDispose]: async () => {},
    }
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
  const { path: folder } = await createWorkFolder()
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
  return { title, entry: join(folder, standIn, 'main.ts'), commit, [Symbol.asyncDispose]: remove }
}

/** What a revision's stand-in depends on, as text; of this checkout where `commit` is null. */
async function dependencies(commit: string | null): Promise<string> {
  const file = `${standIn}/package.json`
  const text = commit ? await git('show', `${commit}:${file}`) : await readFile(join(projectDir, file), 'utf8')
  const { dependencies: needs } = JSON.parse(text) as { dependencies?: Record<string, string> }
  return JSON.stringify(Object.entries(needs ?? {}).sort())
}
