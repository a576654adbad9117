/** The service's own audit trail: what it has written is itself an event, written by a second writer on the same pool. */
import { type IdentifiedEvent, newEventId } from './contract.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { Repository } from './repository.ts'

const flushMs = 1_000
const batchSize = 1_000
const bufferSize = 10_000

/** Takes note of writes. */
export interface SelfAudit {
  /** Requests' events were committed. Never fails and never waits. */
  written(events: readonly IdentifiedEvent[]): void
  /** Writes what is left. */
  stop(): Promise<void>
}

/** Nothing is noted. */
export const noSelfAudit: SelfAudit = { written() {}, async stop() {} }

/**
 * Notes each write request as one event, and writes these in batches, each second, competing with the requests for the
 * pool's connections. A full buffer drops: the trail of the trail must not bring the service down.
 */
export function startSelfAudit(repository: Repository, limitMs: number, metrics: Metrics, log: Log): SelfAudit {
  let buffer: IdentifiedEvent[] = []
  let flushing = Promise.resolve()

  async function flush(): Promise<void> {
    while (buffer.length > 0) {
      const batch = buffer.slice(0, batchSize)
      buffer = buffer.slice(batchSize)
      await repository.insert(batch, { limitMs }).catch((error: unknown) => {
        metrics.selfAuditDropped.inc(batch.length)
        log.warn({ err: error, events: batch.length }, 'the service could not audit itself')
      })
    }
  }
  const timer = setInterval(() => {
    flushing = flushing.then(flush)
  }, flushMs)

  return {
    written(events) {
      const [first] = events
      if (!first) return
      if (buffer.length < bufferSize) buffer.push(noteOf(first, events.length))
      else metrics.selfAuditDropped.inc()
    },
    async stop() {
      clearInterval(timer)
      await flushing.then(flush)
    },
  }
}

function noteOf(first: IdentifiedEvent, events: number): IdentifiedEvent {
  return {
    event_id: newEventId(),
    version: '1.0',
    event_type: 'datastorage.audit.written',
    event_timestamp: new Date().toISOString(),
    event_category: 'storage',
    event_action: 'written',
    event_outcome: 'success',
    correlation_id: first.correlation_id,
    event_data: { events, first_event_id: first.event_id },
    actor_type: 'service',
    actor_id: 'datastorage',
    resource_type: 'AuditEvent',
    resource_id: first.event_id,
  }
}
