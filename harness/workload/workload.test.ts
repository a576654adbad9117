import { describe, expect, test, vi } from 'vitest'
import { createClock, roundToUs } from '../clock.ts'
import type { Attempt, SampleLine } from '../sample.ts'
import type { Load } from '../scenario.ts'
import { drive, warmUp } from './index.ts'
import { client, idOf, load, never, startService } from './workload.fixture.ts'

/** Plays the load and returns its lines by kind once it is done. */
async function play(baseUrl: string, signal = never, changed: Partial<Load> = {}) {
  const lines: SampleLine[] = []
  const sample = (line: SampleLine) => lines.push(line)
  const driving = drive({
    load: { ...load, ...changed },
    client,
    seed: 1,
    runId: 'run-1',
    baseUrl,
    clock: createClock(20),
    sample,
    signal,
  })
  await driving.done
  const of = <K extends SampleLine['kind']>(kind: K) =>
    lines.filter((line): line is Extract<SampleLine, { kind: K }> => line.kind === kind)
  return { live: driving.live, lines, attempts: of('attempt'), drops: of('drop'), clients: of('client') }
}

const writes = (attempts: readonly Attempt[]) => attempts.filter((line) => line.operation !== 'query')

describe('drive', () => {
  test('every event of every RR arrives once, under the number that the record says', async () => {
    const service = await startService()
    const { live, attempts, drops, clients } = await play(service.baseUrl)
    const recorded = writes(attempts).flatMap((line) =>
      Array.from({ length: line.events }, (_, index) => `${line.client} ${line.firstEvent + index}`),
    )
    expect(new Set(recorded).size).toBe(18)
    expect(service.stored.map(idOf).sort()).toEqual(recorded.sort())
    expect(service.stored.every((event) => event.event_data.run === 'run-1')).toBe(true)
    expect(clients.map((line) => [line.emitted, line.unfinished])).toEqual(Array(6).fill([3, 0]))
    expect(drops).toEqual([])
    expect(live).toMatchObject({ emitted: 18, acknowledged: 18, dropped: 0, openAttempts: 0 })
  })

  test('shared: one client for all, one batch at a time, numbered over all RRs', async () => {
    const service = await startService()
    const { live, attempts, clients } = await play(service.baseUrl, never, { emitter: 'shared' })
    expect(clients).toMatchObject([{ client: 'shared', emitted: 18, unfinished: 0 }])
    expect(service.stored.map((event) => event.event_data.event).sort((a, b) => a - b)).toEqual([...Array(18).keys()])
    expect(new Set(service.stored.map((event) => event.correlation_id)).size).toBe(6)
    expect(new Set(service.stored.map((event) => event.event_data.client))).toEqual(new Set(['shared']))
    const sent = writes(attempts)
    expect(sent.length).toBeLessThan(18)
    for (const [index, line] of sent.entries()) {
      expect(line.startedMs).toBeGreaterThanOrEqual(sent[index - 1]?.endedMs ?? 0)
    }
    expect(live).toMatchObject({ planned: 18, acknowledged: 18 })
  })

  test('direct: one request for each event, to the endpoint for single events', async () => {
    const service = await startService()
    const { attempts, clients } = await play(service.baseUrl, never, { emitter: 'direct', queriesPerSec: 0 })
    expect(service.posted).toEqual(Array(18).fill('/api/v1/audit/events'))
    expect(service.stored.map(idOf).sort()).toEqual(
      writes(attempts)
        .map((line) => `${line.client} ${line.firstEvent}`)
        .sort(),
    )
    expect(clients.map((line) => line.emitted)).toEqual(Array(6).fill(3))
    expect(attempts.every((line) => line.operation === 'write-event' && line.events === 1)).toBe(true)
  })

  test('approvals add their events, and all of them arrive', async () => {
    const service = await startService()
    const { live } = await play(service.baseUrl, never, { approvalShare: 1 })
    expect(live.planned).toBeGreaterThanOrEqual(18 + 12)
    expect(service.stored).toHaveLength(live.planned)
  })

  test('nothing is sent before it is due', async () => {
    const { attempts } = await play((await startService()).baseUrl)
    expect(attempts.filter((line) => line.startedMs < line.intendedMs || line.startedMs < 0)).toEqual([])
  })

  test('queries ask for RRs of this run at their rate, and end with the writers', async () => {
    const service = await startService()
    const { attempts, clients } = await play(service.baseUrl)
    const queries = attempts.filter((line) => line.operation === 'query')
    const names = new Set(clients.map((line) => line.client))
    expect(queries.length).toBeGreaterThan(1)
    const due = queries.map((line) => line.intendedMs).sort((a, b) => a - b) // answered, so recorded, in any order
    expect(due).toEqual(queries.map((_, seq) => seq * 50))
    expect(queries.every((line) => names.has(line.client) && line.outcome === 'ok')).toBe(true)
    expect(service.queried.sort()).toEqual(queries.map((line) => line.client).sort())
  })

  test('a batch that fails once is stored by its second attempt', async () => {
    let failed = 0
    const service = await startService((path) => (path.endsWith('/batch') && failed++ === 0 ? 500 : 201))
    const { attempts, live } = await play(service.baseUrl)
    const [first] = attempts.filter((line) => line.failure !== null)
    expect(first).toMatchObject({ attempt: 1, status: 500, failure: { errorClass: '5xx' } })
    const second = attempts.find((line) => line.attempt === 2)
    expect(second).toMatchObject({ client: first?.client, firstEvent: first?.firstEvent, outcome: 'ok' })
    expect(second?.intendedMs).toBe(roundToUs((first?.endedMs ?? 0) + 10))
    expect(live).toMatchObject({ acknowledged: 18, dropped: 0, errors: { '5xx': 1 } })
  })

  test('an abort ends it at once: open attempts are not recorded, every client has its summary', async () => {
    const service = await startService(() => null)
    const abort = new AbortController()
    void service.asked.then(() => abort.abort())
    const { attempts, clients, drops } = await play(service.baseUrl, abort.signal)
    expect(attempts).toEqual([])
    expect(drops).toEqual([])
    expect(clients).toHaveLength(6)
    expect(clients.every((line) => line.unfinished === line.emitted)).toBe(true)
  })

  test('an abort between two RRs leaves what the first has done, and of the second that it has not begun', async () => {
    const service = await startService()
    const abort = new AbortController()
    void vi.waitUntil(() => service.stored.length === 3, 5_000).finally(() => abort.abort())
    const far = { rrs: 2, pace: { rrs: 1, everyMs: 60_000 }, queriesPerSec: 0 }
    const { clients, attempts } = await play(service.baseUrl, abort.signal, far)
    expect(clients).toMatchObject([
      { client: 'rr-run-1-0001', emitted: 3 },
      { client: 'rr-run-1-0002', emitted: 0, unfinished: 0, inFlight: [], jsonBytes: 0 },
    ])
    expect(clients[0]?.jsonBytes).toBeGreaterThan(3 * 200)
    const lastMs = Math.max(...attempts.map(({ endedMs }) => endedMs))
    expect(clients.every(({ t, overdue }) => t >= lastMs && overdue === undefined)).toBe(true)
  })

  test('what was due while the generator was held up until its end is counted, not forgotten', async () => {
    const abort = new AbortController()
    const clock = createClock(0)
    const lines: SampleLine[] = []
    const driving = drive({
      load: { ...load, lifeMs: 100, queriesPerSec: 0 },
      client,
      seed: 1,
      runId: 'run-1',
      baseUrl: 'http://127.0.0.1:9',
      clock,
      sample: (line) => lines.push(line),
      signal: abort.signal,
    })
    while (clock.now() < 200); // nothing else gets its turn
    abort.abort()
    await driving.done
    expect(lines.map((line) => line.kind === 'client' && [line.emitted, line.overdue])).toEqual(Array(6).fill([0, 3]))
  })

  test('aborted before it begins, it sends nothing', async () => {
    const { attempts, clients } = await play('http://127.0.0.1:9', AbortSignal.abort())
    expect(attempts).toEqual([])
    expect(clients.map((line) => line.emitted)).toEqual(Array(6).fill(0))
  })
})

describe('warm-up', () => {
  const warm = async (
    baseUrl: string,
    signal = never,
    warmUpMs = 1_100,
    { warmUpConnections, played = load }: { warmUpConnections?: number; played?: Load } = {},
  ) => {
    const lines: SampleLine[] = []
    const sample = (line: SampleLine) => lines.push(line)
    const clock = createClock(warmUpMs)
    const patient = { ...client, timeoutMs: warmUpMs }
    const result = await warmUp({
      load: played,
      client: patient,
      runId: 'run-1',
      baseUrl,
      clock,
      sample,
      signal,
      phases: { warmUpMs, warmUpConnections },
    })
    return { result, endedMs: clock.now(), lines: lines as Attempt[] }
  }

  test('writes and queries one after another, and is over half a second before the burst', async () => {
    const service = await startService()
    const { result, endedMs, lines } = await warm(service.baseUrl)
    expect(result).toEqual({ attempts: 2, failed: 0 })
    expect(lines.map((line) => [line.phase, line.client, line.operation, line.events, line.outcome])).toEqual([
      ['warm-up', 'warm-up', 'write-batch', 1, 'ok'],
      ['warm-up', 'warm-up', 'query', 0, 'ok'],
    ])
    expect(service.stored.map(idOf)).toEqual(['warm-up 0'])
    expect(endedMs).toBeLessThan(-500)
  })

  test('tries the kind of write that the load will send', async () => {
    const service = await startService()
    const { lines } = await warm(service.baseUrl, never, 1_100, { played: { ...load, emitter: 'direct' } })
    expect(service.posted).toEqual(['/api/v1/audit/events'])
    expect(lines.map((line) => line.operation)).toEqual(['write-event', 'query'])
    expect(service.stored.map(idOf)).toEqual(['warm-up 0'])
  })

  test('with connections it sends one event after another on each, and is over half a second before the burst', async () => {
    const service = await startService()
    const { result, endedMs, lines } = await warm(service.baseUrl, never, 1_300, { warmUpConnections: 3 })
    expect(result).toEqual({ attempts: lines.length, failed: 0 })
    expect(lines.length).toBeGreaterThan(6)
    expect(new Set(lines.map((line) => line.operation))).toEqual(new Set(['write-batch']))
    expect(service.stored.map(idOf).toSorted()).toEqual(lines.map((_, number) => `warm-up ${number}`).toSorted())
    const openAt = ({ startedMs }: Attempt) =>
      lines.filter((line) => line.startedMs <= startedMs && line.endedMs > startedMs).length
    expect(Math.max(...lines.map(openAt))).toBe(3)
    expect(endedMs).toBeLessThan(-500)
  })

  test('what fails is not sent on and on', async () => {
    const { result } = await warm('http://127.0.0.1:9', never, 1_300, { warmUpConnections: 3 })
    expect(result).toEqual({ attempts: 3, failed: 3 })
  })

  test('a service that does not answer fails it, before the burst', async () => {
    const { result, lines } = await warm((await startService(() => null)).baseUrl)
    expect(result).toEqual({ attempts: 1, failed: 1 })
    expect(lines[0]?.failure?.errorClass).toBe('timeout')
    expect(lines[0]?.endedMs).toBeLessThan(0)
  })

  test('an abort breaks off what is open, and rejects', async () => {
    const service = await startService(() => null)
    const abort = new AbortController()
    void service.asked.then(() => abort.abort(new Error('stop it')))
    await expect(warm(service.baseUrl, abort.signal, 60_000)).rejects.toThrow('stop it')
  })

  test('aborted before it begins, it rejects', async () => {
    await expect(warm('http://127.0.0.1:9', AbortSignal.abort(new Error('stop it')))).rejects.toThrow('stop it')
  })
})
