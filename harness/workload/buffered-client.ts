import type { AuditClient, ClientSetup } from './client.ts'
import { createDelivery } from './delivery.ts'
import { at } from './schedule.ts'
import { summaryOf } from './summary.ts'

export interface BufferedClientSetup extends ClientSetup {
  /** Flushes are due at `flushPhaseMs + k * options.flushMs`, milliseconds since the burst. */
  readonly flushPhaseMs: number
}

/**
 * A buffered audit client, as the real RemediationOrchestrator has one: a full buffer drops the event, which gets no
 * number; one writer, so at most one request in flight. A flush takes what waits, a full batch leaves without waiting
 * for one. A flush that falls into a batch's time is no arrival: the next one takes what came meanwhile.
 */
export function createBufferedClient(setup: BufferedClientSetup): AuditClient {
  const { name, options, flushPhaseMs, clock, sample, live } = setup
  const delivery = createDelivery(setup, 'write-batch')
  const finished = Promise.withResolvers<void>()
  let buffer: string[] = []
  let emitted = 0
  let jsonBytes = 0
  let freeSinceMs = Number.NEGATIVE_INFINITY
  let cancelFlush: (() => void) | null = null
  let isClosed = false
  let isStopped = false

  const emit: AuditClient['emit'] = (intendedMs, jsonOf) => {
    if (isStopped) return
    if (buffer.length >= options.bufferEvents) {
      live.dropped++
      sample({ kind: 'drop', t: clock.now(), client: name, firstEvent: null, events: 1, why: 'buffer-full' })
      return
    }
    const json = jsonOf(emitted++)
    jsonBytes += Buffer.byteLength(json)
    buffer.push(json)
    live.emitted++
    if (delivery.isIdle()) arm(Math.max(intendedMs, freeSinceMs))
  }

  /** Has what waits sent: a full batch at once, less with the first flush that is due from `fromMs` on. */
  const arm = (fromMs: number) => {
    if (buffer.length >= options.batchEvents) return flush(fromMs)
    if (cancelFlush) return
    const ticks = Math.max(0, Math.ceil((fromMs - flushPhaseMs) / options.flushMs))
    const dueMs = flushPhaseMs + ticks * options.flushMs
    cancelFlush = at(clock, dueMs, () => flush(dueMs))
  }

  const flush = (dueMs: number) => {
    cancelFlush?.()
    cancelFlush = null
    const events = buffer.slice(0, options.batchEvents)
    const parcel = { firstEvent: emitted - buffer.length, events: events.length, body: `[${events.join(',')}]` }
    buffer = buffer.slice(options.batchEvents)
    delivery.deliver(parcel, dueMs, goOn)
  }

  const goOn = (endedMs: number) => {
    freeSinceMs = endedMs
    if (buffer.length > 0) arm(endedMs)
    else if (isClosed) finished.resolve()
  }

  return {
    name,
    emit,
    close() {
      isClosed = true
      if (buffer.length === 0 && delivery.isIdle()) finished.resolve()
    },
    finished: finished.promise,
    stop(overdue = 0) {
      isStopped = true
      cancelFlush?.()
      delivery.stop()
      finished.resolve()
      return summaryOf(setup, { emitted, waiting: buffer.length, inFlight: delivery.inFlight(), jsonBytes, overdue })
    },
  }
}
