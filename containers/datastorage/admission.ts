/** Lets a write request in, or not, before its body is read; from then on it counts as in progress. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { InFlight, InFlightTracker } from './in-flight.ts'
import type { Metrics } from './metrics.ts'
import type { Behaviour } from './profiles/profile.ts'

/** What every write route does with a request before and while it works on it. */
export interface Admission {
  /** A route's onRequest hook. */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** Runs an admitted request's work; `events` are pending until it has settled. */
  during<T>(request: FastifyRequest, events: number, work: () => Promise<T>): Promise<T>
}

/** Admission as the profile decides it. */
export function createAdmission(behaviour: Behaviour, metrics: Metrics, inFlight: InFlightTracker): Admission {
  const accepted = new WeakMap<IncomingMessage, InFlight>()
  return {
    async admit(request, reply) {
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
