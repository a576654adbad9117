import type { PartName } from './engine.ts'
import type { Evidence } from './evidence.ts'
import type { Perturbations } from './perturbation.ts'
import type { Observed, Role } from './verdict.ts'

/** What must be true if the claim is, written down before the run. */
export interface Prediction {
  readonly statement: string
  /**
   * A necessary prediction that is absent although it could be measured refutes the claim. One that is not necessary
   * only adds weight.
   */
  readonly necessary: boolean
  /** Pure: looks at the evidence, and says `not measurable` where it is missing, short, or ends too early. */
  observe(evidence: Evidence): Observed
}

/** One rival cause. Pure: evidence in, observations out; it never learns what the stand-in was told to do. */
export interface Hypothesis {
  /** Such as `memory-limit`: what `--expect` takes. */
  readonly name: string
  /** For people: `memory limit`. */
  readonly label: string
  readonly role: Role
  /** One sentence that can be wrong. */
  readonly claim: string
  /** How the headline names it: a sentence without its full stop for a death, a noun phrase for the other roles. */
  readonly phrase: string
  readonly predictions: readonly Prediction[]
  /** What must become of the crash in other runs, for `diagnose` to try. */
  readonly perturbations: Perturbations
  /** Whose death it explains, where that is another part's than DataStorage's. */
  readonly part?: PartName | undefined
  /** Why this run never got to where the claim could have shown, such as a limit that was not set. `null`: it did. */
  readonly notExercised?: (evidence: Evidence) => string | null
  /**
   * The words and predictions that go with this evidence, where a limit was enforced otherwise than by a control group, or
   * another part was hit. `null`: those above.
   */
  readonly given?: (evidence: Evidence) => Partial<Pick<Hypothesis, 'claim' | 'phrase' | 'predictions' | 'part'>> | null
}

/** A hypothesis in the words that go with this evidence. */
export function inViewOf(hypothesis: Hypothesis, evidence: Evidence): Hypothesis {
  return { ...hypothesis, ...hypothesis.given?.(evidence) }
}
