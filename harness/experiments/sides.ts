import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { extract } from 'tar-fs'
import { InputError } from '../errors.ts'
import type { ToldSide } from '../gate-history.ts'
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

/** As the command line names it. */
export interface Side {
  readonly text: string
  /** `null`: a setting, or an image. */
  readonly revision: string | null
  readonly image?: string
}

/** A stand-in to compare: `entry` is its program; absent: the one in this checkout. */
export interface Checkout extends AsyncDisposable {
  readonly title: string
  readonly entry: string | undefined
  readonly side: ToldSide
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
export function isSameCode({ side: one }: Checkout, { side: other }: Checkout): boolean {
  return one.standIn !== null && one.standIn === other.standIn
}

/** A setting and an image are compared with the stand-in as it lies here, a revision with the last tag or commit. */
export async function sideWithout({ revision }: Side): Promise<Side> {
  const before = revision === null ? 'current' : await defaultBaseline()
  return { text: before, revision: before }
}

/** What is to be run as this side. Only a revision needs a folder of its own. */
export async function checkOutSide(flag: string, { text, revision, image }: Side): Promise<Checkout> {
  const other = { text, commit: null, isChanged: false, standIn: null }
  if (image !== undefined) return inPlace(`the image ${image}`, { ...other, kind: 'image' })
  if (revision === null) return inPlace(`the stand-in as it lies here, ${text}`, { ...other, kind: 'settings' })
  return checkOut(flag, revision)
}

/** Runs of another day: nothing of it is run. */
export function storedSide(title: string): Checkout {
  return inPlace(title, { kind: 'stored', text: 'stored', commit: null, isChanged: false, standIn: null })
}

function inPlace(title: string, side: ToldSide): Checkout {
  return { title, side, entry: undefined, [Symbol.asyncDispose]: async () => {} }
}

/** The stand-in as it lies here: of which commit, and whether it is as it was there. */
async function describeCurrent(): Promise<ToldSide> {
  const commit = await git('rev-parse', 'HEAD').catch(() => null)
  const isChanged = (await git('status', '--porcelain', '--', ...runsFrom).catch(() => '')) !== ''
  const content = commit === null || isChanged ? null : await contentOf(commit)
  return { kind: 'current', text: 'current', commit, isChanged, standIn: content }
}

/** The last commit until then that changed what the stand-in runs from: alike for commits that have the same stand-in. */
async function contentOf(commit: string): Promise<string | null> {
  return git('log', '-1', '--format=%H', commit, '--', ...runsFrom).catch(() => null)
}

/**
 * The stand-in of a git revision, in a temporary folder that goes when it is disposed. `current` is this checkout as it
 * lies there, changes included.
 *
 * @throws InputError where there is no such revision, or its stand-in needs other packages than are installed
 */
export async function checkOut(flag: string, revision: string): Promise<Checkout> {
  if (revision === 'current') return inPlace('the stand-in as it lies here', await describeCurrent())
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
  const content = await contentOf(commit)
  const side: ToldSide = { kind: 'revision', text: revision, commit, isChanged: false, standIn: content }
  return { title, side, entry: join(folder, standIn, 'main.ts'), [Symbol.asyncDispose]: remove }
}

/** What a revision's stand-in depends on, as text; of this checkout where `commit` is null. */
async function dependencies(commit: string | null): Promise<string> {
  const file = `${standIn}/package.json`
  const text = commit ? await git('show', `${commit}:${file}`) : await readFile(join(projectDir, file), 'utf8')
  const { dependencies: needs } = JSON.parse(text) as { dependencies?: Record<string, string> }
  return JSON.stringify(Object.entries(needs ?? {}).sort())
}
