import { createHash } from 'node:crypto'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { markdownTable } from 'markdown-table'
import { readLines } from '../line-file.ts'
import type { RunPlan } from '../manifest.ts'
import { appendLine, writeText } from '../record.ts'
import type { ErrorClass } from '../sample.ts'
import { formatAt, formatBytes } from '../units.ts'
import type { Verdict } from '../verdict.ts'
import type { Proof, ProofRow } from './proofs/proof.ts'

/** What is kept of each run: a line of results.ndjson. */
interface Result {
  readonly row: string
  /** Which scenario it was: a result of an earlier definition of the row does not count. */
  readonly definition: string
  readonly seed: number
  readonly run: string
  readonly commit: string
  readonly problems: readonly string[]
  readonly outcome: Verdict['outcome']
  readonly chain: string
  readonly diedMs: number | null
  readonly first: Readonly<Partial<Record<ErrorClass, number>>>
  readonly peakBytes: number | null
  readonly writeRatePerSec: number | null
  readonly emitted: number
  readonly acknowledged: number
  readonly dropped: number
  readonly storedMoreThanOnce: number | null
}

export interface ProveOptions {
  readonly runs: number
  readonly commit: string
  /** Where results and records are kept; a proof has a folder of its own in it. */
  readonly dir?: string
  /** One run: carries out the plan, leaves the record in the folder. */
  runOnce(plan: RunPlan, dir: string): Promise<Verdict>
  /** Judges a record that is there already. */
  judgeAgain(dir: string): Promise<Verdict>
  say(message: string): void
}

export interface Proven {
  readonly held: boolean
  readonly table: string
  readonly tableFile: string
}

const proveDir = resolve(import.meta.dirname, '..', '..', 'results', 'prove')

/**
 * Makes every run of a proof that has no result yet, seed by seed over all rows so that a noisy hour does not fall on
 * one row, and writes the table. Each result is kept as it comes: an interrupted proof goes on where it stopped.
 */
export async function prove(proof: Proof, options: ProveOptions): Promise<Proven> {
  const dir = join(options.dir ?? proveDir, proof.name)
  const resultsFile = join(dir, 'results.ndjson')
  await mkdir(join(dir, 'runs'), { recursive: true })
  const results = await judgeKept(proof, await readLines<Result>(resultsFile), dir, options)
  // Written anew: they may be judged otherwise now, and whoever reads them finds no line that was cut off.
  await writeText(resultsFile, results.map((result) => `${JSON.stringify(result)}\n`).join(''))
  const find = (row: ProofRow, seed: number) =>
    results.findLast((r) => r.row === row.name && r.seed === seed && r.definition === defineRow(row))

  const total = proof.rows.length * options.runs
  for (let seed = 1; seed <= options.runs; seed++) {
    for (const [index, row] of proof.rows.entries()) {
      if (find(row, seed)) continue
      options.say(`run ${(seed - 1) * proof.rows.length + index + 1} of ${total}: ${row.name}, seed ${seed}`)
      const run = `${row.name.replaceAll(/[^\w]+/g, '-')}-seed-${seed}`
      await rm(join(dir, 'runs', run), { recursive: true, force: true })
      const verdict = await options.runOnce(planRow(row, seed), join(dir, 'runs', run))
      const result = summarise(row, seed, run, options.commit, verdict)
      await appendLine(resultsFile, result)
      results.push(result)
      options.say(result.problems.length === 0 ? 'as claimed' : `NOT as claimed: ${result.problems.join('; ')}`)
    }
  }
  const perRow = proof.rows.map((row) => {
    const seeds = Array.from({ length: options.runs }, (_, i) => find(row, i + 1))
    return { row, found: seeds.filter((result) => result !== undefined) }
  })
  const table = renderTable(perRow)
  const tableFile = join(dir, 'table.md')
  await writeText(tableFile, table)
  return { held: perRow.every(({ found }) => found.every((r) => r.problems.length === 0)), table, tableFile }
}

/** Measured once, judged by the present code: a kept record is judged again, so that one table never mixes two judges. */
async function judgeKept(
  proof: Proof,
  results: readonly Result[],
  dir: string,
  { judgeAgain }: ProveOptions,
): Promise<Result[]> {
  const judged: Result[] = []
  for (const result of results) {
    const row = proof.rows.find((one) => one.name === result.row && defineRow(one) === result.definition)
    const folder = join(dir, 'runs', result.run)
    const isKept = row && (await stat(folder).catch(() => null))
    judged.push(isKept ? summarise(row, result.seed, result.run, result.commit, await judgeAgain(folder)) : result)
  }
  return judged
}

function planRow({ scenario, runtime = 'embedded' }: ProofRow, seed: number): RunPlan {
  const expect = { expectation: scenario.expect, from: 'the scenario' as const }
  return {
    scenario,
    seed,
    runtime,
    limiter: 'auto',
    expect,
    command: `npm run prove, seed ${seed}`,
    replay: `npm run prove, seed ${seed}`,
  }
}

function defineRow({ scenario, runtime }: ProofRow): string {
  return createHash('sha256')
    .update(JSON.stringify(scenario) + (runtime ?? ''))
    .digest('hex')
    .slice(0, 12)
}

function summarise(row: ProofRow, seed: number, run: string, commit: string, verdict: Verdict): Result {
  const { accounting, timeline } = verdict
  return {
    row: row.name,
    definition: defineRow(row),
    seed,
    run,
    commit,
    problems: row.check(verdict),
    outcome: verdict.outcome,
    chain: verdict.chain.map((link) => link.hypothesis).join(' > '),
    diedMs: verdict.diedMs,
    first: Object.fromEntries(timeline.errors.map((span) => [span.errorClass, span.firstMs])),
    peakBytes: verdict.memory.peakBytes,
    writeRatePerSec: verdict.plausibility.effectiveWriteRatePerSec,
    emitted: accounting.emitted,
    acknowledged: accounting.acknowledged,
    dropped: accounting.droppedByClient,
    storedMoreThanOnce: accounting.storedMoreThanOnce,
  }
}

function renderTable(perRow: readonly { row: ProofRow; found: readonly Result[] }[]): string {
  const head = [
    '',
    'As claimed',
    'Died',
    'First reset',
    'timeout',
    'refused',
    'Peak',
    'Acknowledged',
    'Dropped',
    'Stored twice',
    'Events/s written',
    'Verdict',
  ]
  const rows = perRow.map(({ row, found }) => [
    row.name,
    `${found.filter((r) => r.problems.length === 0).length} of ${found.length}`,
    range(
      found.map((r) => r.diedMs),
      formatAt,
    ) || 'survived',
    ...(['reset', 'timeout', 'refused'] as const).map(
      (errorClass) =>
        range(
          found.map((r) => r.first[errorClass] ?? null),
          formatAt,
        ) || '-',
    ),
    range(
      found.map((r) => r.peakBytes),
      formatBytes,
    ),
    `${range(found.map((r) => r.acknowledged))} of ${range(found.map((r) => r.emitted))}`,
    range(found.map((r) => r.dropped)),
    range(found.map((r) => r.storedMoreThanOnce)),
    range(
      found.map((r) => r.writeRatePerSec),
      (rate) => rate.toFixed(1),
    ) || '-',
    [...new Set(found.map((r) => r.chain || 'no cause'))].join(' / '),
  ])
  const commits = new Set(perRow.flatMap(({ found }) => found.map((result) => result.commit.slice(0, 12))))
  return `${markdownTable([head, ...rows])}\n\nMeasured at ${[...commits].join(', ')}.\n`
}

/** `+27.7 s to +36.7 s`, or one value where all are alike. Empty without any. */
function range(values: readonly (number | null)[], format: (value: number) => string = String): string {
  const known = values.filter((value) => value !== null)
  if (known.length === 0) return ''
  const [low, high] = [format(Math.min(...known)), format(Math.max(...known))]
  return low === high ? low : `${low} to ${high}`
}
