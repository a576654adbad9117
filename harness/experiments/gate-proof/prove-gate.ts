import { join, resolve } from 'node:path'
import { InputError } from '../../errors.ts'
import { looks } from '../../gate/decide.ts'
import { parseLimits } from '../../gate/limits.ts'
import { parseThresholds } from '../../gate/thresholds.ts'
import { createRandom } from '../../random.ts'
import { writeText } from '../../record.ts'
import type { Scenario } from '../../scenario.ts'
import { changeBetween, type Kind, sameThing, worsenings } from './candidates.ts'
import { playLiveGates } from './live.ts'
import { isWorseToo, type Subject, scaleVariants, takeBlock, type Variants } from './recording.ts'
import { openRuns, type RunsOptions, type Wanted } from './runs.ts'
import { type Block, playSplits, type Recording, tally, wholeGates } from './splits.ts'
import { holds, type ProofRow, renderProof } from './table.ts'

export const gateProof = { name: 'gate', runs: 200 }

const splits = 1_000
/** One run of a gate's scenario, from start to verdict, roughly. */
const runMs = 10_000
/** Blocks with and without what is tried, from which the amounts are scaled. */
const mostProbes = 4
/** With as many recorded runs as the proof asks for. */
const liveGates = { same: 5, worse: 2 }
/** For a live gate of one scenario: as many pairs as the last look asks for. */
const liveBudgetMs = 10 * 60_000
/** What the five minutes that a gate has for each scenario, unless told otherwise, are enough for. */
const pairsInFiveMinutes = 14
const claims: Readonly<Partial<Record<'same' | Kind, ProofRow['claim']>>> = {
  same: { kind: 'at most', share: 0.01 },
  slower: { kind: 'at least', share: 0.95 },
  'more memory': { kind: 'at least', share: 0.99 },
}
const names: Readonly<Partial<Record<'same' | Kind, string>>> = {
  same: 'the same thing',
  slower: '10 % slower',
  'more memory': '10 % more memory',
}
const proveDir = resolve(import.meta.dirname, '..', '..', '..', 'results', 'prove')

export interface ProveGateOptions extends Omit<RunsOptions, 'dir'> {
  readonly dir?: string
  /** Recorded runs of the same thing, over all scenarios; the rest is in proportion. */
  readonly runs: number
  say(message: string): void
}

/**
 * Records runs of the gate's scenarios, as they are and made worse by a tenth, and plays gates from them that are decided as
 * live ones are: the same thing against itself, and against what is worse. Then plays some of each live.
 */
export async function proveGate(scenarios: readonly Scenario[], options: ProveGateOptions) {
  const { say } = options
  const dir = join(options.dir ?? proveDir, gateProof.name)
  const subjects = subjectsFrom(scenarios)
  const counts = countsFor(options.runs, subjects.length)
  const gates = counts.live.same + worsenings.length * counts.live.worse
  const minutes = (ms: number) => Math.ceil(ms / 60_000)
  say(`${counts.runs} runs, ${counts.same} of them of the same thing: about ${minutes(counts.runs * runMs)} min`)
  say(`then ${gates} live gates: of one scenario each: at most ${minutes(gates * liveBudgetMs)} min`)
  const runs = await openRuns({ ...options, dir })
  let taken = 0
  const take = (wanted: Wanted) => {
    const number = ++taken
    return runs.take(wanted, (what) => say(`run ${number} of ${counts.runs}: ${what}`))
  }

  const variants: Variants[] = []
  for (const subject of subjects) variants.push(await scaleVariants(subject, counts.probes, take))
  const recordings: (Recording & { blocks: Block[] })[] = subjects.map(({ scenario, ...limits }) => {
    return { scenario: scenario.name, ...limits, blocks: [] }
  })
  for (let block = 1; block <= counts.blocks; block++) {
    for (const [at, subject] of subjects.entries()) {
      const chosen = [...(variants[at] ?? [])].filter(([kind]) => sameThing.includes(kind) || isWorseToo(block))
      recordings[at]?.blocks.push(await takeBlock(`block ${block}`, subject, new Map(chosen), block, take))
    }
  }

  const rows = [...(await splitRows('same', recordings))]
  for (const { kind } of worsenings) rows.push(...(await splitRows(kind, recordings)))
  const live = { ...options, dir, budgetMs: liveBudgetMs }
  const commits = new Set(runs.commits())
  for (const kind of ['same', ...worsenings.map((one) => one.kind)] as const) {
    const count = kind === 'same' ? counts.live.same : counts.live.worse
    const gates = Array.from({ length: count }, (_, index) => ({
      name: `${names[kind]}, ${index + 1}`,
      seed: 1_000 * (index + 1),
      // One scenario each, in turn, for the sake of time.
      sides: subjects.flatMap(({ scenario, ...limits }, at) => {
        if (at !== index % subjects.length) return []
        const candidate = (kind !== 'same' && variants[at]?.get(kind)) || scenario
        return [{ baseline: scenario, candidate, ...limits }]
      }),
    }))
    const played = await playLiveGates(gates, live)
    for (const commit of played.commits) commits.add(commit)
    rows.push({
      what: names[kind] ?? kind,
      scenario: 'live, one of them each',
      runs: null,
      tally: tally(played.answers),
      claim: kind === 'same' ? { kind: 'at most', share: 0 } : { kind: 'at least', share: 1 },
      isEnough: count >= (kind === 'same' ? liveGates.same : liveGates.worse),
    })
  }

  const table = renderProof(rows, [...commits])
  const tableFile = join(dir, 'table.md')
  await writeText(tableFile, table)
  const answers = rows.filter(({ claim }) => claim !== null).map(holds)
  return { held: answers.includes(false) ? false : answers.includes(null) ? null : true, table, tableFile }
}

function subjectsFrom(scenarios: readonly Scenario[]): Subject[] {
  const problems: string[] = []
  const subjects = scenarios
    .filter(({ gate }) => gate !== undefined)
    .map((scenario) => ({
      scenario,
      limits: parseLimits(scenario.gate ?? [], problems),
      thresholds: parseThresholds(scenario.thresholds ?? [], problems),
    }))
  if (problems.length > 0) throw new InputError(problems)
  return subjects
}

/** How many of everything, for this many runs of the same thing. */
function countsFor(runs: number, subjects: number) {
  const blocks = Math.max(1, Math.ceil(runs / subjects / sameThing.length))
  const probes = Math.min(mostProbes, blocks)
  const worse = Array.from({ length: blocks }, (_, index) => isWorseToo(index + 1)).filter(Boolean).length
  const same = subjects * blocks * sameThing.length
  const scaled = (count: number) => Math.max(1, Math.min(count, Math.round((count * runs) / gateProof.runs)))
  return {
    blocks,
    probes,
    same,
    runs: same + subjects * (worse * worsenings.length + probes * (1 + worsenings.length)),
    live: { same: scaled(liveGates.same), worse: scaled(liveGates.worse) },
  }
}

/** A row for each scenario, and one for gates of all of them, which is what is claimed. */
async function splitRows(kind: 'same' | Kind, recordings: readonly Recording[]): Promise<ProofRow[]> {
  const gates = await playSplits(recordings, kind, splits, createRandom(1))
  const kinds = kind === 'same' ? sameThing : [...sameThing, kind]
  const countRuns = ({ blocks }: Recording) =>
    kinds.reduce((sum, one) => sum + blocks.filter((block) => block[one]).length, 0)
  const usablePairs = ({ blocks }: Recording) =>
    blocks.filter((block) => kinds.every((one) => block[one] && !block[one].unusable)).length
  const each = recordings.map((recording, at): ProofRow => {
    const { scenario, blocks } = recording
    return {
      what: names[kind] ?? kind,
      scenario,
      runs: countRuns(recording),
      changes: changesOf(kind, blocks),
      tally: tally(gates.map((answers) => answers[at] ?? 'unknown')),
      claim: null,
      isEnough: true,
    }
  })
  const together: ProofRow = {
    what: names[kind] ?? kind,
    scenario: 'all',
    runs: recordings.reduce((sum, recording) => sum + countRuns(recording), 0),
    tally: tally(wholeGates(gates)),
    claim: claims[kind] ?? null,
    isEnough: recordings.every((recording) => usablePairs(recording) >= (looks.at(-1) ?? 0)),
  }
  const short = await playSplits(recordings, kind, splits, createRandom(1), pairsInFiveMinutes)
  const inFiveMinutes: ProofRow = {
    ...together,
    scenario: `all, ${pairsInFiveMinutes} pairs at most`,
    tally: tally(wholeGates(short)),
    claim: null,
  }
  return [...each, together, inFiveMinutes]
}

/** What the recorded runs show of it: the amounts are scaled from a few others. */
function changesOf(kind: 'same' | Kind, blocks: readonly Block[]): Readonly<Record<string, number | null>> {
  return Object.fromEntries(
    worsenings.map(({ metric }) => {
      const pairs = blocks.flatMap(({ first, second, ...others }) => {
        const after = kind === 'same' ? second : { first, second, ...others }[kind]
        // Both of the same thing count for what is compared with.
        const before = kind === 'same' ? [first] : [first, second]
        return before.flatMap((one) => (one && after ? [[one, after] as const] : []))
      })
      return [metric, changeBetween(metric, pairs)]
    }),
  )
}
