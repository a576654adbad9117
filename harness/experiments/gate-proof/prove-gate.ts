import { join, resolve } from 'node:path'
import { sum } from 'simple-statistics'
import { InputError } from '../../errors.ts'
import { looks } from '../../gate/decide.ts'
import { parseLimits } from '../../gate/limits.ts'
import { parseThresholds } from '../../gate/thresholds.ts'
import type { Pair } from '../../gate-result.ts'
import { createRandom } from '../../random.ts'
import { writeText } from '../../record.ts'
import type { Scenario } from '../../scenario.ts'
import { changeBetween, type Kind, worsenings } from './candidates.ts'
import { playLiveGates } from './live.ts'
import { isWorseToo, type Subject, scaleVariants, takeBlock, type Variants } from './recording.ts'
import { openRuns, type RunsOptions } from './runs.ts'
import { type Block, playSplits, type Recording, tally, wholeGates } from './splits.ts'
import { holds, type ProofRow, renderProof } from './table.ts'

export const gateProof = { name: 'gate', runs: 200 }

const splits = 1_000
/** Two runs of a gate's scenario at the same time, from start to verdict, roughly. */
const pairMs = 11_000
/** Blocks from which the amounts are scaled: with what is tried first, and with what came of that. */
const mostProbes = [4, 8]
/** With as many recorded runs as the proof asks for. */
const liveGates = { same: 5, worse: 2 }
/** For a live gate of one scenario: as many pairs as the last look asks for. */
const liveBudgetMs = 5 * 60_000
/** What two minutes for each scenario are enough for. */
const pairsInTwoMinutes = 10
const claims: Readonly<Partial<Record<Kind, ProofRow['claim']>>> = {
  same: { kind: 'at most', share: 0.01 },
  slower: { kind: 'at least', share: 0.95 },
  'more memory': { kind: 'at least', share: 0.99 },
}
const names: Readonly<Record<Kind, string>> = {
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
  const gates = counts.live.same + worsenings.length * counts.live.worse * subjects.length
  const minutes = (ms: number) => Math.ceil(ms / 60_000)
  say(`${counts.runs} runs, ${counts.same} of them of the same thing: about ${minutes((counts.runs / 2) * pairMs)} min`)
  say(`then live gates, of ${gates} scenarios at most: ${minutes(gates * liveBudgetMs)} min at most`)
  const runs = await openRuns({ ...options, dir })
  let taken = 0
  const take: Parameters<typeof takeBlock>[4] = (baseline, candidate, seed) => {
    taken += 2
    const number = taken
    return runs.takePair(baseline, candidate, createRandom(seed), (what) => {
      say(`runs ${number - 1} and ${number} of ${counts.runs}: ${what}`)
    })
  }

  const variants: Variants[] = []
  for (const subject of subjects) variants.push(await scaleVariants(subject, counts.probes, take))
  const recordings: (Recording & { blocks: Block[] })[] = subjects.map(({ scenario, ...limits }) => {
    return { scenario: scenario.name, ...limits, blocks: [] }
  })
  for (let block = 1; block <= counts.blocks; block++) {
    for (const [at, subject] of subjects.entries()) {
      const chosen = [...(variants[at] ?? [])].filter(([kind]) => kind === 'same' || isWorseToo(block))
      recordings[at]?.blocks.push(await takeBlock(`block ${block}`, subject, new Map(chosen), block, take))
    }
  }

  const rows = [...(await splitRows('same', recordings))]
  for (const { kind } of worsenings) rows.push(...(await splitRows(kind, recordings)))
  const tableFile = join(dir, 'table.md')
  const commits = new Set(runs.commits())
  // Before the live gates, which take as long again: what is known by then stays.
  await writeText(tableFile, renderProof(rows, [...commits]))
  const live = { ...options, dir, budgetMs: liveBudgetMs }
  for (const kind of ['same', ...worsenings.map((one) => one.kind)] as const) {
    const count = kind === 'same' ? counts.live.same : counts.live.worse
    const gates = Array.from({ length: count }, (_, index) => {
      const turned = subjects.map((_, at) => (at + index) % subjects.length)
      // Of the same thing one scenario each, for the sake of time; what is worse fails with the first that shows it.
      const played = kind === 'same' ? turned.slice(0, 1) : turned
      return {
        name: `${names[kind]}, ${index + 1}`,
        seed: 1_000 * (index + 1),
        sides: played.flatMap((at) => {
          const subject = subjects[at]
          if (!subject) return []
          const { scenario, ...limits } = subject
          const candidate = (kind !== 'same' && variants[at]?.get(kind)) || scenario
          return [{ baseline: scenario, candidate, ...limits }]
        }),
      }
    })
    const played = await playLiveGates(gates, live)
    for (const commit of played.commits) commits.add(commit)
    rows.push({
      what: names[kind],
      scenario: kind === 'same' ? 'live, one of them each' : 'live, all until one fails',
      runs: null,
      tally: tally(played.answers),
      claim: kind === 'same' ? { kind: 'at most', share: 0 } : { kind: 'at least', share: 1 },
      isEnough: count >= (kind === 'same' ? liveGates.same : liveGates.worse),
    })
  }

  const table = renderProof(rows, [...commits])
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
  const blocks = Math.max(1, Math.ceil(runs / subjects / 2))
  const probes = mostProbes.map((most) => Math.min(most, blocks))
  const worse = Array.from({ length: blocks }, (_, index) => isWorseToo(index + 1)).filter(Boolean).length
  const same = subjects * blocks * 2
  const scaled = (count: number) => Math.max(1, Math.min(count, Math.round((count * runs) / gateProof.runs)))
  return {
    blocks,
    probes,
    same,
    runs: same + subjects * (worse + sum(probes)) * worsenings.length * 2,
    live: { same: scaled(liveGates.same), worse: scaled(liveGates.worse) },
  }
}

/** A row for each scenario, and one for gates of all of them, which is what is claimed. */
async function splitRows(kind: Kind, recordings: readonly Recording[]): Promise<ProofRow[]> {
  const gates = await playSplits(recordings, kind, splits, createRandom(1))
  const pairsOf = ({ blocks }: Recording) => blocks.flatMap(({ [kind]: pair }) => (pair ? [pair] : []))
  const countRuns = (recording: Recording) => 2 * pairsOf(recording).length
  const usablePairs = (recording: Recording) =>
    pairsOf(recording).filter(({ baseline, candidate }) => !baseline.unusable && !candidate.unusable).length
  const each = recordings.map((recording, at): ProofRow => {
    return {
      what: names[kind],
      scenario: recording.scenario,
      runs: countRuns(recording),
      changes: changesOf(pairsOf(recording)),
      tally: tally(gates.map((answers) => answers[at] ?? 'unknown')),
      claim: null,
      isEnough: true,
    }
  })
  const together: ProofRow = {
    what: names[kind],
    scenario: 'all',
    runs: recordings.reduce((sum, recording) => sum + countRuns(recording), 0),
    tally: tally(wholeGates(gates)),
    claim: claims[kind] ?? null,
    isEnough: recordings.every((recording) => usablePairs(recording) >= (looks.at(-1) ?? 0)),
  }
  const short = await playSplits(recordings, kind, splits, createRandom(1), pairsInTwoMinutes)
  const inTwoMinutes: ProofRow = {
    ...together,
    scenario: `all, ${pairsInTwoMinutes} pairs at most`,
    tally: tally(wholeGates(short)),
    claim: null,
  }
  return [...each, together, inTwoMinutes]
}

/** What the recorded runs show of it: the amounts are scaled from a few others. */
function changesOf(pairs: readonly Pair[]): Readonly<Record<string, number | null>> {
  const metrics = ['p50', 'cpu per event', 'peak memory'] as const
  return Object.fromEntries(metrics.map((metric) => [metric, changeBetween(metric, pairs)]))
}
