import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { init, parse } from 'es-module-lexer'
import { beforeAll, describe, expect, test } from 'vitest'

// The direction of flow (README, "Layout"): steps share nouns, never each other; only run.ts, cli.ts and experiments/
// know several steps; the stand-in and the harness do not know each other at all. harness/arrivals/ holds nouns, one a file.

const root = resolve(import.meta.dirname, '..')

type Kind = 'noun' | 'step' | 'experiment' | 'run' | 'cli' | 'bench' | 'scenario' | 'containers' | 'stand-in'

function kindOf(file: string): Kind {
  if (file === 'harness/run.ts') return 'run'
  // A run in a process of its own is carried out as a command is.
  if (file === 'harness/cli.ts' || file.startsWith('harness/apart/')) return 'cli'
  if (file.startsWith('harness/bench/')) return 'bench'
  if (file.startsWith('harness/experiments/')) return 'experiment'
  if (/^harness\/(arrivals\/)?[^/]+$/.test(file)) return 'noun'
  if (file.startsWith('harness/')) return 'step'
  if (file.startsWith('scenarios/')) return 'scenario'
  return file.startsWith('containers/datastorage/') ? 'stand-in' : 'containers'
}

const folderOf = (file: string) => file.split('/').slice(0, 2).join('/')

/** What is wrong with `from` importing `to`, or null. Both are paths from the project's root. */
function objection(from: string, to: string): string | null {
  const target = kindOf(to)
  const allowed: Readonly<Record<Kind, boolean>> = {
    noun: target === 'noun',
    step: target === 'noun' || (target === 'step' && folderOf(from) === folderOf(to)),
    experiment: target === 'noun' || target === 'step' || target === 'experiment',
    run: target === 'noun' || target === 'step' || to === 'containers/stack.ts',
    cli: target !== 'stand-in',
    // Measures what the others are made of. Nobody imports it.
    bench: target !== 'stand-in',
    scenario: to === 'harness/scenario.ts' || target === 'scenario',
    // What profiles there are is the one thing that is asked of the stand-in other than over its sockets.
    containers: target === 'noun' || target === 'containers' || from === 'containers/profiles.ts',
    'stand-in': target === 'stand-in',
  }
  return allowed[kindOf(from)] ? null : `${from} (${kindOf(from)}) imports ${to} (${target})`
}

function importsOf(file: string): string[] {
  // The lexer reads TypeScript as it is. Type imports count: a type is knowledge of another part, too.
  const [imports] = parse(readFileSync(join(root, file), 'utf8'))
  return imports
    .map((found) => found.specifier ?? '')
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => relative(root, join(root, dirname(file), specifier)))
}

const files = globSync('{harness,scenarios,containers}/**/*.ts', { cwd: root }).filter(
  (file) => !/node_modules|\.test\.ts$|\.fixture\.ts$|\/testing\/|\/fixtures\//.test(file),
)

describe('dependency rule', () => {
  beforeAll(() => init)

  test('every import goes in the direction of flow', () => {
    expect(files.length).toBeGreaterThan(40)
    const objections = files.flatMap((file) => importsOf(file).map((to) => objection(file, to)))
    expect(objections.filter((found) => found !== null)).toEqual([])
  })

  test('no file imports itself through others', () => {
    const cycles: string[] = []
    const done = new Set<string>()
    const visit = (file: string, path: readonly string[]) => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' > '))
      else if (!done.has(file)) for (const to of importsOf(file)) if (files.includes(to)) visit(to, [...path, file])
      done.add(file)
    }
    for (const file of files) visit(file, [])
    expect(cycles).toEqual([])
  })

  test.each([
    ['harness/report/index.ts', 'harness/hypotheses/index.ts'],
    ['harness/evidence.ts', 'harness/run.ts'],
    ['harness/hypotheses/index.ts', 'containers/stack.ts'],
    ['scenarios/high-load.ts', 'harness/record.ts'],
    ['containers/datastorage/main.ts', 'harness/errors.ts'],
    ['harness/run.ts', 'containers/datastorage/main.ts'],
  ])('objects when %s imports %s', (from, to) => {
    expect(objection(from, to)).toContain('imports')
  })

  test('sees type imports', () => {
    expect(importsOf('harness/hypothesis.ts')).toContain('harness/evidence.ts')
  })
})
