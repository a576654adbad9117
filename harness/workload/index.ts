import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { ErrorClass, SampleLine } from '../sample.ts'
import type { ClientOptions, Load } from '../scenario.ts'
import { type AuditClient, createAuditClient } from './audit-client.ts'
import { renderEvent } from './event.ts'
import { planLoad } from './life-cycle.ts'
import { query, startQueries } from './queries.ts'
import { createDriver } from './send.ts'

export interface WorkloadOptions {
  readonly load: Load
  readonly client: ClientOptions
  readonly seed: number
  readonly runId: string
  readonly baseUrl: string
  readonly clock: Clock
  readonly sample: (line: SampleLine) => void
  /** Ends the load: what is open is broken off and not recorded. */
  readonly signal: AbortSignal
}

/** Counts that change while the load runs, for those who watch. */
export interface LiveLoad {
  emitted: number
  acknowledged: number
  dropped: number
  readonly errors: Partial<Record<ErrorClass, number>>
}

export interface Driving {
  readonly live: LiveLoad
  /** Resolves when no client has anything left, or when the signal has ended the load. */
  readonly done: Promise<void>
}

/** Sends the load of a scenario: every RR's life cycle through an audit client of its own, and the trickle of queries. */
export function drive(options: WorkloadOptions): Driving {
  const live: LiveLoad = { emitted: 0, acknowledged: 0, dropped: 0, errors: {} }
  return { live, done: driveAll(options, live) }
}

async function driveAll(options: WorkloadOptions, live: LiveLoad): Promise<void> {
  const { load, client, seed, runId, clock, signal } = options
  await using driver = createDriver(options.baseUrl, client.timeoutMs)
  const sample = (line: SampleLine) => {
    count(line, live)
    options.sample(line)
  }
  const plan = planLoad(load, seed)
  const clients = plan.map((rr) =>
    createAuditClient({
      name: rr.name,
      options: client,
      clock,
      firstFlushMs: rr.flushPhase * client.flushMs,
      send: driver.postBatch,
      sample,
    }),
  )
  const over = new AbortController()
  const stop = AbortSignal.any([signal, over.signal])
  const names = plan.map((rr) => rr.name)
  startQueries({ driver, clock, ratePerSec: load.queriesPerSec, names, record: sample, signal: stop })

  const emitting = plan.map(async (rr, index) => {
    const auditClient = clients[index] as AuditClient
    for (const [number, event] of rr.events.entries()) {
      await wait(Math.max(0, Math.ceil(event.dueMs - clock.now())), undefined, { signal: stop })
      const atEpochMs = clock.burstAtEpochMs + event.dueMs
      auditClient.emit(renderEvent({ runId, client: rr.name, number, rr: rr.name, type: event.type, atEpochMs }))
      live.emitted += 1
    }
    await auditClient.finish()
  })
  const stopClients = () => {
    for (const auditClient of clients) auditClient.stop()
  }
  signal.addEventListener('abort', stopClients, { once: true })
  if (signal.aborted) stopClients()
  await Promise.allSettled(emitting)
  signal.removeEventListener('abort', stopClients)
  over.abort()
  for (const { name, emitted, unfinished, jsonBytes } of clients) {
    options.sample({ kind: 'client', t: clock.now(), client: name, emitted, unfinished, jsonBytes })
  }
}

function count(line: SampleLine, live: LiveLoad): void {
  if (line.kind === 'drop') live.dropped += line.events
  if (line.kind !== 'attempt') return
  if (line.outcome === 'ok') live.acknowledged += line.events
  else if (line.failure) live.errors[line.failure.errorClass] = (live.errors[line.failure.errorClass] ?? 0) + 1
}

const warmUpEveryMs = 500

/**
 * Sends a batch of one event and a query every half second until shortly before the burst: code is compiled, connections
 * work, and nothing is left over when the burst comes.
 */
export async function warmUp(options: WorkloadOptions): Promise<{ attempts: number; failed: number }> {
  const { client, runId, clock, sample, signal } = options
  await using driver = createDriver(options.baseUrl, client.timeoutMs)
  const broken = () => driver[Symbol.asyncDispose]()
  signal.addEventListener('abort', broken, { once: true })
  let attempts = 0
  let failed = 0
  for (let number = 0; clock.now() < -2 * warmUpEveryMs && !signal.aborted; number++) {
    const intendedMs = clock.now()
    const atEpochMs = clock.burstAtEpochMs + intendedMs
    const event = renderEvent({
      runId,
      client: 'warm-up',
      number,
      rr: 'warm-up',
      type: 'orchestrator.lifecycle.started',
      atEpochMs,
    })
    const sent = await driver.postBatch([event])
    const written = {
      kind: 'attempt',
      t: intendedMs,
      phase: 'warm-up',
      operation: 'write-batch',
      client: 'warm-up',
      firstEvent: number,
      events: 1,
      attempt: 1,
      intendedMs,
      startedMs: intendedMs,
      endedMs: clock.now(),
      ...sent,
    } as const
    for (const line of [written, await query(driver, clock, 'warm-up', clock.now(), 'warm-up')]) {
      sample(line)
      attempts += 1
      if (line.outcome !== 'ok') failed += 1
    }
    await wait(Math.max(0, intendedMs + warmUpEveryMs - clock.now()), undefined, { signal }).catch(() => {})
  }
  signal.removeEventListener('abort', broken)
  return { attempts, failed }
}
