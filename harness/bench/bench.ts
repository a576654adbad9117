/**
 * The generator beside its peers, on one machine: `npm run bench`, or with `-- --quick` a smoke of it. Writes what it found
 * about each question as JSON and as Markdown.
 */
import { availableParallelism } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { Command } from 'commander'
import { exitCodes, messageOf } from '../errors.ts'
import { listenForInterruption } from '../interruption.ts'
import { describeGit, describeMachine, describeVersions } from '../manifest.ts'
import { createRandom } from '../random.ts'
import { writeJson, writeText } from '../record.ts'
import { makeFolder } from '../run-folder.ts'
import { createWorkFolder } from '../work-folder.ts'
import { isOnPath } from './processes.ts'
import { questions } from './questions/index.ts'
import type { Bench, Question } from './questions/question.ts'
import { nginx, startNginx } from './servers/nginx.ts'
import { startNode } from './servers/node.ts'
import { type About, renderMarkdown } from './text.ts'
import { chooseTools, whyMissing } from './tools/here.ts'
import { tools as allTools } from './tools/index.ts'

const projectDir = resolve(import.meta.dirname, '..', '..')
const resultsDir = join(projectDir, 'results', 'bench')

function namesOf(all: readonly { readonly name: string }[]): string {
  return all.map(({ name }) => name).join('; ')
}

const command = new Command('bench')
  .description('the load generator beside its peers: speed, exactness, cost')
  .option('--quick', 'a smoke of a minute: one round, one size, few tools in Node; its figures mean nothing')
  .option('--rounds <n>', 'how often each tool has its turn', Number, 4)
  .option('--seconds <n>', 'how long each turn is', Number, 3)
  .option('--seed <n>', 'decides the order of turns', Number, 1)
  .option('--only <name...>', `these questions alone: ${namesOf(questions)}`)
  .option('--tools <name...>', `these tools alone: ${namesOf(allTools)}`)
  .option('--out <dir>', 'where a .json and a .md of each question go', resultsDir)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitCodes.badInput))
  .parse()
const flags = command.opts<{
  quick?: true
  rounds: number
  seconds: number
  seed: number
  only?: string[]
  tools?: string[]
  out: string
}>()

const problems = (['rounds', 'seconds', 'seed'] as const)
  .filter((flag) => !(Number.isInteger(flags[flag]) && flags[flag] >= 1 && flags[flag] <= 1_000))
  .map((flag) => `--${flag}: takes a whole number from 1 to 1000`)
const known = { only: questions, tools: allTools } as const
for (const flag of ['only', 'tools'] as const) {
  const others = (flags[flag] ?? []).filter((name) => !known[flag].some((one) => one.name === name))
  for (const name of others) problems.push(`--${flag} ${name}: takes any of: ${namesOf(known[flag])}`)
}
await makeFolder(flags.out).catch((error: unknown) => problems.push(`--out ${flags.out}: ${messageOf(error)}`))
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(exitCodes.badInput)
}

const say = (what: string) => console.error(what)
const isQuick = flags.quick === true
const { tools, skipped } = chooseTools(allTools, { names: flags.tools, isQuick })
if (tools.length === 0) {
  console.error(`--tools: none of them is here: ${skipped.join('; ')}`)
  process.exit(exitCodes.badInput)
}
const noNginx = whyMissing(nginx)
for (const why of [...skipped, ...(noNginx ? [`${noNginx}: Node's own server answers instead`] : [])])
  say(`skipped: ${why}`)

// A core for the tool and one for the server, so that neither takes the other's.
const isPinned = availableParallelism() > 1 && isOnPath('taskset')
const folder = await createWorkFolder()
const dir = folder.path
using interruption = listenForInterruption(() => say('stopping'))
const { signal } = interruption
const bench: Bench = {
  tools,
  rounds: isQuick ? 1 : flags.rounds,
  measureMs: (isQuick ? 1 : flags.seconds) * 1_000,
  isQuick,
  random: createRandom(flags.seed),
  ofTools: { cpu: isPinned ? 1 : null, tempDir: dir, signal },
  startServer: () => (noNginx ? startNode : startNginx)({ cpu: isPinned ? 0 : null, tempDir: dir, signal }),
  dir,
  say,
}
const asked = questions.filter(({ name }) => flags.only?.includes(name) ?? true)
let exitCode: number = exitCodes.held
const about: Omit<About, 'startedAt'> = {
  command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
  machine: describeMachine(),
  versions: await describeVersions(),
  git: await describeGit(),
  isPinned,
  skipped: [...skipped, ...(noNginx ? [noNginx] : [])],
}

/** Asks it, and writes what came out. `false` when a tool got no answers. */
async function answer(question: Question): Promise<boolean> {
  say(question.title)
  const startedAt = new Date().toISOString()
  const found = await question.ask(bench)
  const markdown = renderMarkdown({ ...about, startedAt }, question, found)
  console.log(`${markdown}\n`)
  const { name, title } = question
  await writeJson(join(flags.out, `${name}.json`), { name, title, startedAt, ...about, ...found })
  await writeText(join(flags.out, `${name}.md`), `${markdown}\n`)
  return (found.silent ?? []).length === 0
}

try {
  const written: string[] = []
  for (const question of asked) {
    try {
      if (!(await answer(question))) exitCode = exitCodes.stack
      written.push(`${question.name}.md`)
    } catch (error) {
      signal.throwIfAborted()
      exitCode = exitCodes.stack
      say(`no answer to ${question.name}: ${messageOf(error)}`)
    }
  }
  if (written.length > 0)
    say(`written: ${written.join(', ')} in ${relative(process.cwd(), flags.out) || '.'}, with a .json beside each`)
} catch (error) {
  exitCode = signal.aborted ? exitCodes.interrupted : exitCodes.stack
  say(`stopped: ${messageOf(error)}`)
} finally {
  await folder[Symbol.asyncDispose]()
}
process.exitCode = exitCode
