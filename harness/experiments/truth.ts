import { type BlindRuntime, type BlindTrial, tallyOf } from '../blind-trial.ts'
import { type BlindOptions, blind } from './blind/blind.ts'

/** What the project claims of blind runs, and how many of them it takes to say so. */
const aims = { right: 0.97, notKnown: 0.05, wrong: 0 } as const
const parts = [
  { runtime: 'embedded', runs: 150 },
  { runtime: 'docker', runs: 40 },
] as const

export interface TruthOptions extends Omit<BlindOptions, 'runs' | 'runtime' | 'seed'> {
  /** Of the part without an engine, in all; a part in an engine has its share of them. */
  readonly runs?: number | undefined
  /** Why a runtime cannot be had here; null where it can. */
  whyNot(runtime: BlindRuntime): Promise<string | null>
}

export interface ProvenTruth {
  readonly held: boolean
  readonly text: string
}

/**
 * Blind runs without and in an engine, from the commit's hash, which nobody can have tuned to. A part that cannot be
 * run here is told, and is no part of what held.
 */
export async function proveTruth(options: TruthOptions): Promise<ProvenTruth> {
  const { commit, runs: asked = parts[0].runs, say } = options
  const seed = commit === 'none' ? 0 : Number.parseInt(commit.slice(0, 7), 16)
  const told: string[] = []
  let held = true
  for (const { runtime, runs: all } of parts) {
    const missing = await options.whyNot(runtime)
    if (missing !== null) {
      say(`${runtime}: left out: ${missing}`)
      told.push(`${runtime}: NOT RUN: ${missing}`)
      continue
    }
    const runs = Math.ceil((asked * all) / parts[0].runs)
    const { text, trials } = await blind({ ...options, seed, runs, runtime })
    const amiss = missed(trials)
    held &&= amiss.length === 0
    told.push(`${runtime}, ${runs} runs:\n\n${text}\n${amiss.join('; ') || 'as claimed'}`)
  }
  return { held, text: `${told.join('\n\n')}\nseed ${seed}, from commit ${commit.slice(0, 12)}` }
}

function missed(trials: readonly BlindTrial[]): string[] {
  const { by, counted } = tallyOf(trials)
  const share = (count: number) => count / Math.max(1, counted)
  const percent = (aim: number) => `${100 * aim} % are claimed`
  const claims = [
    [by.wrong <= aims.wrong, `${by.wrong} wrong accusations, ${aims.wrong} are claimed`],
    [share(by.right) >= aims.right, `${by.right} of ${counted} right, ${percent(aims.right)}`],
    [
      share(by['not known']) <= aims.notKnown,
      `${by['not known']} of ${counted} not known, at most ${percent(aims.notKnown)}`,
    ],
  ] as const
  return claims.filter(([holds]) => !holds).map(([, problem]) => `NOT as claimed: ${problem}`)
}
