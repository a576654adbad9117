import type { Emitter } from '../scenario.ts'
import { createBufferedClient } from './buffered-client.ts'
import type { AuditClient, ClientSetup } from './client.ts'
import { createDirectClient } from './direct-client.ts'
import type { PlannedRr } from './planned.ts'

/** Which audit clients there are, and whose events each carries. */
export interface Emission {
  nameOf(rr: PlannedRr): string
  /** All RRs that have their client in common with this one, itself included, in the order of the plan. */
  togetherWith(rr: PlannedRr, plan: readonly PlannedRr[]): readonly PlannedRr[]
  /** Makes the client. `first`: of its RRs. */
  open(first: PlannedRr, setup: ClientSetup): AuditClient
}

/** Its events are numbered over all RRs. No RR has this name: theirs begin with `rr-`. */
const sharedName = 'shared'

const buffered: Emission['open'] = ({ flushPhaseMs }, setup) => createBufferedClient({ ...setup, flushPhaseMs })
const ofItsOwn = {
  nameOf: ({ name }: PlannedRr) => name,
  togetherWith: (rr: PlannedRr) => [rr],
}

/** Of the emitters whose events come at times of their own. */
export const emissions: Readonly<Record<Exclude<Emitter, 'closed-loop'>, Emission>> = {
  'per-rr': { ...ofItsOwn, open: buffered },
  shared: { nameOf: () => sharedName, togetherWith: (_, plan) => plan, open: buffered },
  direct: { ...ofItsOwn, open: (_, setup) => createDirectClient(setup) },
}

/** Whether its events come at times of their own, through clients that each carry some RRs. */
export function isOwnTimed(emitter: Emitter): emitter is keyof typeof emissions {
  return emitter in emissions
}
