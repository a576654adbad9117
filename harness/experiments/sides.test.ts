import { execFile } from 'node:child_process'
import { access, appendFile, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { checkOut, defaultBaseline } from './sides.ts'

const project = resolve(import.meta.dirname, '..', '..')
const standIn = 'containers/datastorage'
const run = promisify(execFile)
const dirs: string[] = []
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true })
})

/** A clone of this project with its last commit alone and no tags, as a CI makes it. */
async function cloneShallow() {
  const dir = await mkdtemp(join(tmpdir(), 'culprit-sides-'))
  dirs.push(dir)
  await run('git', ['clone', '--quiet', '--depth', '1', '--no-tags', `file://${project}`, dir])
  await symlink(join(project, 'node_modules'), join(dir, 'node_modules'))
  const git = async (...args: string[]) => {
    const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com']
    return (await run('git', ['-C', dir, ...who, ...args])).stdout.trim()
  }
  return {
    git,
    async change(file: string) {
      await appendFile(join(dir, standIn, file), '\n')
      await git('commit', '--quiet', '-am', `${file} changes`)
    },
    /** What the sides of that clone are: the default baseline, and whether `current` is the same code. */
    async ask(): Promise<{ baseline: string; isSame: boolean }> {
      const script = `
        import { checkOut, defaultBaseline, isSameCode } from './harness/experiments/sides.ts'
        const baseline = await defaultBaseline()
        await using before = await checkOut('--baseline', baseline)
        await using after = await checkOut('--candidate', 'current')
        console.log(JSON.stringify({ baseline, isSame: isSameCode(before, after) }))`
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: dir })
      return JSON.parse(stdout)
    },
    dir,
  }
}

test("a revision's stand-in lies in a folder of its own, and goes", async () => {
  const revision = await defaultBaseline()
  const checkout = await checkOut('--baseline', revision)
  const { entry = '' } = checkout
  await access(entry)
  await checkout[Symbol.asyncDispose]()
  await expect(access(entry)).rejects.toThrow('ENOENT')
  await expect(checkOut('--baseline', 'no-such-revision')).rejects.toThrow('--baseline no-such-revision')
})

test('the default baseline is the last change of what the stand-in runs from, which its README is not', async () => {
  const clone = await cloneShallow()
  const first = await clone.git('rev-parse', 'HEAD')
  await clone.change('main.ts')
  await clone.change('README.md')
  expect(await clone.ask()).toEqual({ baseline: first, isSame: false })
  await appendFile(join(clone.dir, standIn, 'main.ts'), '\n')
  const head = await clone.git('log', '-1', '--format=%H', '--', `${standIn}/main.ts`)
  expect(await clone.ask()).toEqual({ baseline: head, isSame: false })
})

test('a tag of the same code is taken, and seen to be the same', async () => {
  const clone = await cloneShallow()
  await clone.git('tag', 'v9')
  await clone.change('README.md')
  expect(await clone.ask()).toEqual({ baseline: 'v9', isSame: true })
})

test('a clone with too little history is told to fetch it', async () => {
  const clone = await cloneShallow()
  const gate = run(process.execPath, ['harness/culprit.js', 'gate', 'steady'], { cwd: clone.dir })
  await expect(gate).rejects.toMatchObject({ code: 4, stderr: expect.stringContaining('git fetch --unshallow --tags') })
})
