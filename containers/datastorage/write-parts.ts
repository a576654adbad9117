import type { Metrics } from './metrics.ts'
import type { Behaviour } from './profiles/profile.ts'
import type { SelfAudit } from './self-audit.ts'

/** The service's time limits, in milliseconds. */
export interface Limits {
  readonly singleMs: number
  readonly batchMs: number
  readonly queryMs: number
}

/** What both write routes work with. */
export interface WriteParts {
  readonly behaviour: Behaviour
  readonly metrics: Metrics
  readonly limits: Limits
  readonly selfAudit: SelfAudit
}
