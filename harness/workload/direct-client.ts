import type { AuditClient, ClientSetup } from './client.ts'
import { createDelivery } from './delivery.ts'
import { summaryOf } from './summary.ts'

/** A client without a buffer: each event is a request of its own, sent as it comes, however many are open already. */
export function createDirectClient(setup: ClientSetup): AuditClient {
  const { name, live } = setup
  const delivery = createDelivery(setup, 'write-event')
  const finished = Promise.withResolvers<void>()
  let emitted = 0
  let jsonBytes = 0
  let isClosed = false
  let isStopped = false

  const finishWhenIdle = () => {
    if (isClosed && delivery.isIdle()) finished.resolve()
  }
  return {
    name,
    emit(intendedMs, jsonOf) {
      if (isStopped) return
      const firstEvent = emitted++
      const body = jsonOf(firstEvent)
      jsonBytes += Buffer.byteLength(body)
      live.emitted++
      delivery.deliver({ firstEvent, events: 1, body }, intendedMs, finishWhenIdle)
    },
    close() {
      isClosed = true
      finishWhenIdle()
    },
    finished: finished.promise,
    stop(overdue = 0) {
      isStopped = true
      delivery.stop()
      finished.resolve()
      return summaryOf(setup, { emitted, inFlight: delivery.inFlight(), jsonBytes, overdue })
    },
  }
}
