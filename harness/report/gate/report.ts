import type { GateHistory } from '../../gate-history.ts'
import type { GateResult } from '../../gate-result.ts'
import type { Manifest } from '../../record.ts'

/** All that the reports of a gate are made from. */
export interface GateReport {
  /** ISO 8601 */
  readonly startedAt: string
  readonly results: readonly GateResult[]
  /** Scenarios that were asked for: those without a result were not, or not yet, run. */
  readonly scenarios: readonly string[]
  readonly history: GateHistory
  readonly command: string
  readonly machine: Manifest['machine']
  readonly git: Manifest['git']
}
