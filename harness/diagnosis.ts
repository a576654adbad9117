import type { Change, Expected } from './perturbation.ts'
import type { Trial } from './trial.ts'
import type { Answer, Role } from './verdict.ts'

/** How a run ended, to be compared with how others did. */
export interface Ending {
  /** Milliseconds since the burst. `null`: it did not die. */
  readonly diedMs: number | null
  /** Until when the service was watched. */
  readonly watchedUntilMs: number
  /** Names of the deaths that stand in the verdict. */
  readonly deaths: readonly string[]
  /** `SIGKILL`, `exit code 1`. `null`: it did not die. */
  readonly how: string | null
}

/** What a change did to a crash: `null` where the run does not tell. */
export type Effect = 'gone' | 'later' | 'alike' | 'sooner' | 'another death' | null

/** One run of a diagnosis: a line of results.ndjson. */
export interface DiagnosisTrial extends Trial {
  /** `null`: as it was. */
  readonly change: Change | null
  /** `null`: it tells nothing. */
  readonly ending: Ending | null
  /** What was read back of the change, or why the run tells nothing. */
  readonly told: string
  /** By hypothesis: what its own verdict says. */
  readonly answers: Readonly<Record<string, Answer>>
  /** Of the writes that were answered for while the service lived: how many failed. */
  readonly writes: { readonly failed: number; readonly of: number } | null
}

/** A prediction, and what became of it. */
export interface Tested {
  readonly expected: Expected
  readonly does: string
  readonly result: 'as expected' | 'against it' | 'unclear' | 'not tried' | 'not available'
  /** The run that tells. */
  readonly run: string | null
  readonly because: string
}

/** What is known of one cause in the end. */
export interface Tried {
  readonly hypothesis: string
  readonly label: string
  readonly role: Role
  /** What the verdict of the recorded run says. */
  readonly before: Answer
  /**
   * Of the crash. confirmed: all that it expects of other runs came true. refuted: the crash came whether or not it was
   * there, or went away where it should not have.
   */
  readonly answer: 'confirmed' | 'refuted' | 'not known'
  readonly because: string
  readonly tests: readonly Tested[]
}

export type DiagnosisEnd = 'certain' | 'runs used up' | 'does not come back' | 'no run tells' | 'interrupted'

export interface Diagnosis {
  readonly id: string
  /** The recorded run. */
  readonly run: string
  readonly scenario: string
  readonly runHeadline: string
  readonly end: DiagnosisEnd
  /** What stands, in a sentence or two. */
  readonly headline: string
  readonly recorded: Ending & { readonly chain: readonly string[] }
  readonly causes: readonly Tried[]
  readonly trials: readonly (DiagnosisTrial & { readonly effect: Effect; readonly command: string })[]
  /** Runs with something changed, those that told nothing included. */
  readonly changedRuns: number
  readonly commits: readonly string[]
}
