import type { Scenario } from '../../scenario.ts'
import type { Verdict } from '../../verdict.ts'

/** One row of a proof's table: a scenario that must show the same thing for every seed. */
export interface ProofRow {
  readonly name: string
  readonly scenario: Scenario
  /** Where it runs: as processes of our own unless given. */
  readonly runtime?: 'embedded' | 'docker' | 'podman' | undefined
  /** What a verdict says against the row's claim; empty when it holds. */
  check(verdict: Verdict): string[]
}

/** A claim that needs many runs, as a table of rows. One file each, listed in index.ts. */
export interface Proof {
  readonly name: string
  readonly description: string
  readonly rows: readonly ProofRow[]
}
