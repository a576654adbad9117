import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type GateAnswer, worst } from '../../gate-result.ts'
import { readLines } from '../../line-file.ts'
import { appendLine } from '../../record.ts'
import type { Scenario } from '../../scenario.ts'
import { type GateJob, type GateOptions, runGate } from '../gate.ts'
import { definitionOf } from '../stored-baseline.ts'
import { planOf } from './runs.ts'

/** A live gate: each scenario with its candidate, against the same without it. */
export interface LiveGate {
  readonly name: string
  readonly sides: readonly (Pick<GateJob, 'limits' | 'thresholds'> & {
    readonly baseline: Scenario
    readonly candidate: Scenario
  })[]
  readonly seed: number
}

interface Kept {
  readonly name: string
  readonly definition: string
  readonly commit: string
  readonly answer: GateAnswer
}

/** What an answer was an answer to. */
function define({ baseline, candidate, limits, thresholds }: LiveGate['sides'][number]): string {
  const held = [...limits, ...thresholds].map(({ text }) => text)
  return [definitionOf(baseline), definitionOf(candidate), ...held].join()
}

/** Plays gates that have not been played yet, in full, and gives what all of them said. */
export async function playLiveGates(
  gates: readonly LiveGate[],
  { dir, commit, ...options }: Omit<GateOptions, 'seed' | 'dir'> & { readonly dir: string; readonly commit: string },
): Promise<{ answers: GateAnswer[]; commits: string[] }> {
  const file = join(dir, 'live.ndjson')
  await mkdir(dir, { recursive: true })
  const kept = await readLines<Kept>(file)
  const played: Kept[] = []
  for (const [index, { name, sides, seed }] of gates.entries()) {
    const definition = sides.map(define).join()
    const found = kept.findLast((line) => line.name === name && line.definition === definition)
    if (found) {
      played.push(found)
      continue
    }
    options.say(`live gate ${index + 1} of ${gates.length}: ${name}`)
    const answers: GateAnswer[] = []
    for (const { baseline, candidate, limits, thresholds } of sides) {
      const job: GateJob = {
        scenario: baseline.name,
        limits,
        thresholds,
        baseline: { title: 'the same thing', plan: planOf(baseline, seed) },
        candidate: { title: name, plan: planOf(candidate, seed) },
      }
      const { decision } = await runGate(job, { ...options, seed, dir: join(dir, 'live') })
      answers.push(decision.answer)
      options.say(`${baseline.name}: ${decision.answer} after ${decision.pairs} pairs`)
      // It has failed, whatever the others would say.
      if (decision.answer === 'fail') break
    }
    const line: Kept = { name, definition, commit, answer: worst(answers) }
    await appendLine(file, line)
    played.push(line)
  }
  return {
    answers: played.map(({ answer }) => answer),
    commits: [...new Set(played.map((line) => line.commit.slice(0, 12)))],
  }
}
