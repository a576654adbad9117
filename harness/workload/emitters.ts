import type { Emitter } from '../scenario.ts'
import { createBufferedClient } from './buffered-client.ts'
import type { AuditClient, ClientSetup } from './client.ts'
import { createDirectClient } from './direct-client.ts'
import type { PlannedRr } from './planned.ts'

/** An audit client and the RRs whose events it carries. */
export interface Assignment {
  readonly client: AuditClient
  readonly rrs: readonly PlannedRr[]
}

type Assign = (plan: readonly PlannedRr[], setup: Omit<ClientSetup, 'name'>) => Assignment[]

/** Its events are numbered over all RRs. No RR has this name: theirs begin with `rr-`. */
const sharedName = 'shared'

/** Which clients there are, and whose events each carries, where events come at times of their own. */
export const assign: Readonly<Record<Exclude<Emitter, 'closed-loop'>, Assign>> = {
  'per-rr': (plan, setup) =>
    plan.map((rr) => {
      const { name, flushPhaseMs } = rr
      return { client: createBufferedClient({ ...setup, name, flushPhaseMs }), rrs: [rr] }
    }),
  shared: (plan, setup) => {
    const flushPhaseMs = plan[0]?.flushPhaseMs ?? 0
    return [{ client: createBufferedClient({ ...setup, name: sharedName, flushPhaseMs }), rrs: plan }]
  },
  direct: (plan, setup) => plan.map((rr) => ({ client: createDirectClient({ ...setup, name: rr.name }), rrs: [rr] })),
}

/** Whether its events come at times of their own, through clients that each carry some RRs. */
export function isOwnTimed(emitter: Emitter): emitter is keyof typeof assign {
  return emitter in assign
}
