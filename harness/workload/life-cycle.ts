import type { Load } from '../scenario.ts'
import { createRandom } from './random.ts'

export interface PlannedEvent {
  /** When the RR emits it, in milliseconds since the burst. */
  readonly dueMs: number
  readonly type: string
}

/** One RemediationRequest: its name, its audit events in the order of time, and when its client's flushes fall. */
export interface PlannedRr {
  readonly name: string
  readonly events: readonly PlannedEvent[]
  /** The first flush, in milliseconds since the burst, as a part of the flush interval in [0, 1). */
  readonly flushPhase: number
}

/** One RR in ten fails; the report names both endings and gives no share. */
const failedShare = 0.1

/**
 * The life cycles of all RRs, made before the first is sent: the first event right at the RR's creation, the last in the
 * last third of its life, phase transitions between. Pure; the same seed gives the same plan.
 */
export function planLoad(load: Load, seed: number): PlannedRr[] {
  const random = createRandom(seed)
  const between = (fromMs: number, toMs: number) => fromMs + random() * (toMs - fromMs)
  const { rrs, eventsPerRr, lifeMs, spreadMs, pace } = load
  return Array.from({ length: rrs }, (_, index) => {
    const createdMs = pace ? Math.floor(index / pace.rrs) * pace.everyMs : 0
    const started = createdMs + between(0, spreadMs)
    const transitions = Array.from(
      { length: eventsPerRr - 2 },
      () => createdMs + between(lifeMs / 60, lifeMs * (29 / 30)),
    )
    const ended = createdMs + between((lifeMs * 2) / 3, lifeMs)
    const ending = random() < failedShare ? 'orchestrator.lifecycle.failed' : 'orchestrator.lifecycle.completed'
    const events = [
      { dueMs: started, type: 'orchestrator.lifecycle.started' },
      ...transitions.map((dueMs) => ({ dueMs, type: 'orchestrator.phase.transition' })),
      { dueMs: ended, type: ending },
    ]
    return {
      name: `rr-${String(index + 1).padStart(4, '0')}`,
      events: events.sort((a, b) => a.dueMs - b.dueMs),
      flushPhase: random(),
    }
  })
}
