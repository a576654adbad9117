/** Lets a write request in, or not, before its body is read; from then on it counts as in progress. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { InFlight, InFlightTracker } from './in-flight.ts'
import type { Metrics } from './metrics.ts'
import { Problem } from './problem.ts'
import type { Behaviour } from './profiles/profile.ts'

/** What every write route does with a request before and while it works on it. */
export interface Admission {
  /** A route's onRequest hook. */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** Runs an admitted request's work; `events` are pending until it has settled. The signal: see in-flight.ts. */
  during<T>(request: FastifyRequest, events: number, work: (abandoned: AbortSignal) => Promise<T>): Promise<T>
}

/** How many write requests may be in progress, and what the next one is told. `requests` 0: any number. */
export interface Backlog {
  readonly requests: number
  readonly retryAfterS: number
}

const unbounded: Backlog = { requests: 0, retryAfterS: 1 }

/** Admission as the bound of the backlog decides it, and then the profile. */
export function createAdmission(
  behaviour: Behaviour,
  metrics: Metrics,
  inFlight: InFlightTracker,
  backlog = unbounded,
): Admission {
  const accepted = new WeakMap<IncomingMessage, InFlight>()
  return {
    async admit(request, reply) {
      if (backlog.requests > 0 && inFlight.inProgress() >= backlog.requests) {
        metrics.requestsRejected.inc()
        reply.header('retry-after', backlog.retryAfterS)
        throw new Problem(429, `${inFlight.inProgress()} requests are in progress: try again later`)
      }
      if (behaviour.admit(inFlight.awaitingAnswer()) === 'accept') {
        accepted.set(request.raw, inFlight.accept(reply.raw))
        return
      }
      metrics.requestsReset.inc()
      reply.hijack()
      request.raw.socket.resetAndDestroy()
    },
    async during(request, events, work) {
      const tracked = accepted.get(request.raw)
      if (!tracked) throw new Error('a request reached its handler without having been admitted')
      metrics.eventsPending.inc(events)
      try {
        return await tracked.during(work)
      } finally {
        metrics.eventsPending.dec(events)
      }
    },
  }
}
