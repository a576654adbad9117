/** Keeps count of write requests: those the service works on, and those somebody still waits for. */
import type { ServerResponse } from 'node:http'
import type { Metrics } from './metrics.ts'
import { Abandoned } from './origin.ts'

/** An accepted request. */
export interface InFlight {
  /**
   * Runs the request's work and counts it as in progress until it has settled, even when its client leaves earlier. The
   * signal tells the work that its client has gone, where that is to count.
   */
  during<T>(work: (abandoned: AbortSignal) => Promise<T>): Promise<T>
}

/**
 * Counts requests from their acceptance until client and work are both done.
 * @param noticesAbandoned whether work is told that its client has gone
 */
export function trackInFlight(metrics: Metrics, noticesAbandoned = false) {
  let awaitingAnswer = 0
  let inProgress = 0
  let whenIdle = Promise.withResolvers<void>()

  function finish(): void {
    metrics.requestsInProgress.dec()
    inProgress--
    if (inProgress > 0) return
    whenIdle.resolve()
    whenIdle = Promise.withResolvers<void>()
  }

  function accept(response: ServerResponse): InFlight {
    let working = false
    let closed = false
    const gone = new AbortController()
    awaitingAnswer++
    inProgress++
    metrics.requestsInProgress.inc()
    metrics.requestsAwaitingAnswer.inc()
    // 'close' comes in every case: after the answer, or when the client has gone.
    response.once('close', () => {
      closed = true
      awaitingAnswer--
      metrics.requestsAwaitingAnswer.dec()
      if (!response.writableFinished) {
        metrics.requestsAbandoned.inc()
        if (noticesAbandoned) gone.abort(new Abandoned())
      }
      if (!working) finish()
    })
    return {
      async during(work) {
        working = true
        try {
          return await work(gone.signal)
        } finally {
          working = false
          if (closed) finish()
        }
      },
    }
  }

  return {
    accept,
    /** Accepted requests whose client still waits. */
    awaitingAnswer: () => awaitingAnswer,
    /** Accepted requests whose client or whose work is not done. */
    inProgress: () => inProgress,
    /** Resolves once nothing is in progress. */
    idle: () => (inProgress === 0 ? Promise.resolve() : whenIdle.promise),
  }
}

/** The service's count of write requests. */
export type InFlightTracker = ReturnType<typeof trackInFlight>
