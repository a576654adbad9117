import { startsMs } from '../arrivals.ts'
import { roundToUs } from '../clock.ts'
import { createRandom, type Random, uniform } from '../random.ts'
import type { Load } from '../scenario.ts'
import { withApproval } from './approval.ts'
import type { EventType, PlannedEvent, PlannedRr } from './planned.ts'

export interface PlanOptions {
  readonly seed: number
  /** Part of every RR's name, so that two runs never share one. */
  readonly runId: string
  /** The client's flush interval: its phase is drawn within the first one. */
  readonly flushMs: number
}

/** RRs that end in `failed`. The report counts none; one in ten keeps both kinds in the record. */
const failedShare = 0.1

/**
 * The whole load, before anything is sent, each RR at its arrival. First event within the batch's spread, transitions from 1/60 of the life to
 * 1/30 before its end, the last in its last third; a transition drawn later than the last event changes places with it,
 * since nothing follows a life's end. The same seed gives the same plan; a replay has the recorded run's, whatever the seed.
 *
 * Distributions: the project's queueing model of the incident (0.5 s to 29 s and 19.8 s to 30 s of a life of 30 s).
 */
export function planLoad(load: Load, { seed: own, runId, flushMs }: PlanOptions): PlannedRr[] {
  const seed = load.replays?.seed ?? own
  const random = createRandom(seed)
  // Of its own, so that approvals add to a plan and change nothing else in it.
  const approvals = createRandom(seed ^ 0x5eed)
  return startsMs(load, seed).map((startMs, index) => {
    return {
      name: `rr-${runId}-${String(index + 1).padStart(4, '0')}`,
      startMs,
      events: withApproval(planEvents(load, startMs, random), load.approvalShare, approvals),
      flushPhaseMs: roundToUs(startMs + uniform(random, 0, flushMs)),
    }
  })
}

function planEvents({ eventsPerRr, spreadMs, lifeMs }: Load, startMs: number, random: Random): PlannedEvent[] {
  const times = [
    uniform(random, 0, spreadMs),
    ...Array.from({ length: Math.max(0, eventsPerRr - 2) }, () => uniform(random, lifeMs / 60, lifeMs - lifeMs / 30)),
    uniform(random, lifeMs * 0.66, lifeMs),
  ]
  const ending = random() < failedShare ? 'orchestrator.lifecycle.failed' : 'orchestrator.lifecycle.completed'
  return times
    .sort((a, b) => a - b)
    .map((time, position) => ({ type: typeAt(position, times.length, ending), intendedMs: roundToUs(startMs + time) }))
}

function typeAt(position: number, count: number, ending: EventType): EventType {
  if (position === 0) return 'orchestrator.lifecycle.started'
  return position === count - 1 ? ending : 'orchestrator.phase.transition'
}
