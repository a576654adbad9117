import type { GateAnswer, Pair } from '../gate-result.ts'
import { signTest } from './sign-test.ts'

/** How often a side broke down, and what chance has to say to it. */
export interface Breakdowns {
  readonly baseline: number
  readonly candidate: number
  readonly of: number
  /** Of the candidate: how likely so many, or more, are seen where either side breaks down as often. 1: nothing is known. */
  readonly pFail: number
  /** What `pFail` can be at least, by how many there are and not by whose they are. */
  readonly least: number
  /** What was said of the candidate's first one. */
  readonly first: string | null
}

/**
 * Counts the runs in which the service failed its warm-up or did not drain. A noisy machine can bring that about (the last
 * requests of a warm-up have half a second; a disk may stand still), as it does to either side of a pair: unlike a crash,
 * one alone says nothing. Where the baseline breaks down as well, or its runs were chosen, there is nothing to compare with.
 */
export function countBreakdowns(pairs: readonly Pair[]): Breakdowns {
  const count = (side: 'baseline' | 'candidate') => pairs.filter((pair) => pair[side].brokeDown).length
  const [baseline, candidate] = [count('baseline'), count('candidate')]
  const first = pairs.find((pair) => pair.candidate.brokeDown)?.candidate.unusable ?? null
  const told = { baseline, candidate, of: pairs.length, first }
  if (pairs.some(({ isStored }) => isStored)) return { ...told, pFail: 1, least: 1 }
  // Of both runs at the same time: that was the machine, or says no more than if it was.
  const alone = pairs.filter((pair) => pair.baseline.brokeDown !== pair.candidate.brokeDown).length
  const least = signTest(alone, alone)
  return { ...told, pFail: baseline === 0 ? least : 1, least }
}

/** What breakdowns mean for the runs: nothing passes after one of the candidate. `isBeyondChance`: by `pFail`, corrected. */
export function judgeBreakdowns(
  { baseline, candidate, of, pFail, first }: Breakdowns,
  isBeyondChance: boolean,
): { answer: GateAnswer; because: string } | null {
  if (candidate === 0) return null
  const because = `the candidate broke down in ${candidate} of ${of} runs, the baseline in ${baseline || 'none'}`
  if (isBeyondChance) return { answer: 'fail', because: `${because}; the first time: ${first}` }
  const why = pFail < 1 ? 'which may be chance' : 'which is nothing to compare with'
  return { answer: 'unknown', because: `${because}, ${why}; the first time: ${first}` }
}
