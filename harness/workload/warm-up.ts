import type { Clock } from '../clock.ts'
import type { Attempt, SampleLine } from '../sample.ts'
import type { ClientOptions, Load, Phases } from '../scenario.ts'
import { constantRate } from './arrivals.ts'
import { eventJson } from './event.ts'
import { queryPath } from './queries.ts'
import { at } from './schedule.ts'
import { ask, createSender, type Request } from './send.ts'
import { writeOperationOf, writePaths } from './write.ts'

/** The client's and the RR's name in the record: the warm-up's events are not part of the load. */
const name = 'warm-up'
const ratePerSec = 2
/** The service is left alone for this long before the burst, so that nothing of the warm-up is pending in it. */
const restMs = 500

export interface WarmUpOptions {
  /** Its emitter decides which kind of write is tried. */
  readonly load: Load
  readonly client: ClientOptions
  readonly runId: string
  readonly baseUrl: string
  readonly clock: Clock
  readonly sample: (line: SampleLine) => void
  readonly signal: AbortSignal
  readonly phases: Pick<Phases, 'warmUpMs' | 'warmUpConnections'>
}

/**
 * Sends an event and a query each half second, one after another on one connection: both paths have run before the
 * burst, and errors at this trickle mean that the set-up is broken. With a number of connections, each of them sends one
 * event after another instead. Over by `restMs` before the burst, since its requests time out then at the latest. Rejects
 * with the signal's reason after an abort.
 */
export async function warmUp(options: WarmUpOptions): Promise<{ attempts: number; failed: number }> {
  const { load, client, runId, baseUrl, clock, sample, signal } = options
  const { warmUpMs, warmUpConnections } = options.phases
  const write = writeOperationOf(load.emitter)
  await using sender = createSender(baseUrl, client.timeoutMs)
  const breakOff = () => void sender[Symbol.asyncDispose]()
  signal.addEventListener('abort', breakOff, { once: true })
  let attempts = 0
  let failed = 0
  const tryOnce = async (operation: Attempt['operation'], event: number, intendedMs: number) => {
    const startedMs = clock.now()
    const timeoutMs = Math.min(client.timeoutMs, -restMs - startedMs)
    // The one before took so long that there is no time left: it has been counted as failed, or was barely in time.
    if (timeoutMs <= 0) return
    const answer = await ask(sender.send, { ...requestFor(operation, event), timeoutMs })
    signal.throwIfAborted()
    attempts++
    if (answer.outcome !== 'ok') failed++
    const events = operation === 'query' ? 0 : 1
    const line = { kind: 'attempt', t: startedMs, phase: 'warm-up', operation, client: name } as const
    const times = { intendedMs, startedMs, endedMs: clock.now() }
    sample({ ...line, firstEvent: events ? event : 0, events, attempt: 1, ...times, ...answer })
  }
  const requestFor = (operation: Attempt['operation'], number: number): Omit<Request, 'timeoutMs'> => {
    if (operation === 'query') return { method: 'GET', path: queryPath(name) }
    const type = 'orchestrator.phase.transition'
    const atEpochMs = clock.burstAtEpochMs + clock.now()
    const json = eventJson({ type, rr: name, client: name, number, runId, atEpochMs })
    return { method: 'POST', path: writePaths[operation], body: operation === 'write-batch' ? `[${json}]` : json }
  }

  const trickle = async () => {
    for (const { seq, intendedMs } of constantRate(ratePerSec, warmUpMs - restMs)) {
      const dueMs = intendedMs - warmUpMs
      await dueAt(clock, dueMs, signal)
      await tryOnce(write, seq, dueMs)
      await tryOnce('query', seq, dueMs)
    }
  }
  let next = 0
  const sendOn = async () => {
    await dueAt(clock, -warmUpMs, signal)
    // The last ones have time to be answered. What is broken is not tried thousands of times.
    for (let nowMs = clock.now(); nowMs < -2 * restMs && failed === 0; nowMs = clock.now()) {
      await tryOnce(write, next++, nowMs)
    }
  }

  try {
    if (warmUpConnections) await Promise.all(Array.from({ length: warmUpConnections }, sendOn))
    else await trickle()
  } finally {
    signal.removeEventListener('abort', breakOff)
  }
  return { attempts, failed }
}

async function dueAt(clock: Clock, dueMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const due = Promise.withResolvers<void>()
  const cancel = at(clock, dueMs, due.resolve)
  const abort = () => due.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await due.promise
  } finally {
    cancel()
    signal.removeEventListener('abort', abort)
  }
}
