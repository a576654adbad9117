import type { Clock } from '../clock.ts'
import type { Random } from '../random.ts'
import type { SampleLine } from '../sample.ts'
import { constantRate } from './arrivals.ts'
import type { PlannedRr } from './planned.ts'
import { at } from './schedule.ts'
import { ask, type Send } from './send.ts'

/** Enough for all the events of one RR, stored several times over. */
const limit = 50

export interface QuerySetup {
  readonly plan: readonly PlannedRr[]
  readonly ratePerSec: number
  readonly timeoutMs: number
  readonly random: Random
  readonly clock: Clock
  readonly send: Send
  readonly sample: (line: SampleLine) => void
}

/** The path that lists the newest events of one RR. */
export function queryPath(correlationId: string): string {
  return `/api/v1/audit/events?${new URLSearchParams({ correlation_id: correlationId, limit: String(limit) })}`
}

/**
 * A trickle of reads beside the writes: each asks for the events of an RR that was created by then. Constant rate from
 * the burst on, sent whether or not earlier ones have ended, never tried again.
 */
export function startQueries({ plan, ratePerSec, timeoutMs, random, clock, send, sample }: QuerySetup) {
  const arrivals = constantRate(ratePerSec, Number.POSITIVE_INFINITY)
  const open = new Set<Promise<void>>()
  let cancel = () => {}
  let isDiscarded = false
  /** RRs that exist by now, as many of the plan's first. */
  let created = 0

  const query = async (intendedMs: number) => {
    for (let next = plan[created]; next && next.startMs <= intendedMs; next = plan[created]) created++
    const client = plan[Math.floor(random() * created)]?.name
    if (client === undefined) return
    const startedMs = clock.now()
    const answer = await ask(send, { method: 'GET', path: queryPath(client), timeoutMs })
    if (isDiscarded) return
    const times = { intendedMs, startedMs, endedMs: clock.now() }
    const line = { kind: 'attempt', t: startedMs, phase: 'load', operation: 'query', client } as const
    sample({ ...line, firstEvent: 0, events: 0, attempt: 1, ...times, ...answer })
  }
  const armNext = () => {
    const next = arrivals.next()
    if (next.done) return
    const { intendedMs } = next.value
    cancel = at(clock, intendedMs, () => {
      const sent = query(intendedMs).finally(() => open.delete(sent))
      open.add(sent)
      armNext()
    })
  }
  armNext()
  return {
    /** Sends no more, and resolves when the open ones have ended. */
    async finish(): Promise<void> {
      cancel()
      await Promise.all(open)
    },
    /** Sends no more, and records none of the open ones: they have not ended. */
    discard(): void {
      cancel()
      isDiscarded = true
    },
  }
}
