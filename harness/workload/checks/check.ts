import { request } from 'undici'
import { createClock } from '../../clock.ts'
import { classify } from '../../failure.ts'
import { createRandom } from '../../random.ts'
import type { Attempt, AuditCheck } from '../../sample.ts'
import type { ClientOptions } from '../../scenario.ts'
import { createBufferedClient } from '../buffered-client.ts'
import { eventJson } from '../event.ts'
import { createLive } from '../live.ts'
import { queryPath } from '../queries.ts'
import { createSender, type Send } from '../send.ts'
import type { Flow } from './flows.ts'

export interface CheckTarget {
  readonly baseUrl: string
  readonly client: ClientOptions
  /** Part of every RR's name. */
  readonly runId: string
  readonly signal: AbortSignal
}

/** Port 1 is reserved, and nothing listens on it: a connection is refused at once. */
const nowhere = 'http://127.0.0.1:1'

/**
 * Writes what a flow writes, through a buffered client as the orchestrator has it, and reads it back by query: it passes when
 * each RR has exactly its events, each once. Rejects with the signal's reason after an abort.
 */
export async function check(flow: Flow, place: number, target: CheckTarget): Promise<AuditCheck> {
  const startedMs = performance.now()
  const rrs = Array.from({ length: flow.rrs ?? 1 }, (_, rr) => `check-${target.runId}-${place + 1}-${rr + 1}`)
  const problem = (await write(flow, rrs, target)) ?? (await readBack(flow, rrs, target))
  target.signal.throwIfAborted()
  const tookMs = Math.round(performance.now() - startedMs)
  const because =
    problem ?? `${flow.events.length * rrs.length} events written, and found again by their correlation id`
  return { name: flow.name, result: problem ? 'failed' : 'passed', because, tookMs }
}

/** What went wrong, or `null`. */
async function write(flow: Flow, rrs: readonly string[], target: CheckTarget): Promise<string | null> {
  const { baseUrl, client: options, runId, signal } = target
  await using sender = createSender(baseUrl, options.timeoutMs)
  await using refused = createSender(nowhere, options.timeoutMs)
  let isFirst = flow.isRefusedFirst === true
  const send: Send = (sent, ended) => {
    const { send: one } = isFirst ? refused : sender
    isFirst = false
    one(sent, ended)
  }
  const clock = createClock(0)
  const name = rrs[0] ?? ''
  let lastFailure: Attempt['failure'] = null
  let dropped = 0
  const client = createBufferedClient({
    name,
    options: { ...options, batchEvents: flow.batchEvents ?? options.batchEvents },
    flushPhaseMs: 0,
    clock,
    send,
    random: createRandom(1),
    live: createLive(),
    sample(line) {
      if (line.kind === 'attempt') lastFailure = line.failure
      if (line.kind === 'drop') dropped += line.events
    },
  })
  const stop = () => client.stop()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  for (const [index, type] of flow.events.entries()) {
    for (const rr of rrs) {
      // A millisecond apart: the query gives them in the order of their times.
      const atEpochMs = clock.burstAtEpochMs + index
      client.emit(clock.now(), (number) =>
        eventJson({ type, rr, client: name, number, runId: `${runId}-checks`, atEpochMs }),
      )
    }
  }
  client.close()
  await client.finished
  signal.removeEventListener('abort', stop)
  stop()
  if (dropped === 0) return null
  return `${dropped} of ${flow.events.length * rrs.length} events given up: ${describeFailure(lastFailure)}`
}

function describeFailure(failure: Attempt['failure']): string {
  return failure ? (failure.message ?? failure.errorClass) : 'no answer'
}

async function readBack(flow: Flow, rrs: readonly string[], target: CheckTarget): Promise<string | null> {
  for (const rr of rrs) {
    try {
      const signal = AbortSignal.any([target.signal, AbortSignal.timeout(target.client.timeoutMs)])
      const { statusCode, body } = await request(`${target.baseUrl}${queryPath(rr)}`, { signal, reset: true })
      if (statusCode !== 200) return `the query answered ${statusCode}: ${(await body.text()).slice(0, 200)}`
      const { data } = (await body.json()) as { data: { event_type: string; correlation_id: string }[] }
      const found = data.map((event) => event.event_type).reverse()
      if (data.some((event) => event.correlation_id !== rr)) return `the query for ${rr} found another's events`
      if (found.join() !== flow.events.join()) {
        return `written: ${flow.events.map(shortly).join(', ')}; found: ${found.map(shortly).join(', ') || 'nothing'}`
      }
    } catch (error) {
      return `the query failed: ${describeFailure(classify(error))}`
    }
  }
  return null
}

function shortly(type: string): string {
  return type.replace('orchestrator.', '')
}
