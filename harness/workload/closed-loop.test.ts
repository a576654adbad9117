import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createClock } from '../clock.ts'
import type { Attempt, SampleLine } from '../sample.ts'
import type { ClientOptions, Load } from '../scenario.ts'
import { startFullQueue } from './full-queue.fixture.ts'
import { drive } from './index.ts'

const load: Load = {
  rrs: 3,
  eventsPerRr: 20,
  lifeMs: 1_000,
  spreadMs: 0,
  pace: null,
  queriesPerSec: 0,
  approvalShare: 0,
  emitter: 'closed-loop',
}
const client: ClientOptions = {
  bufferEvents: 1,
  batchEvents: 1,
  flushMs: 1_000,
  timeoutMs: 1_000,
  attempts: 3,
  retryPauseMs: 10,
  retryJitter: 0,
  onBusy: 'drop',
  sendsIdempotencyKey: false,
}
const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

/** A service that answers the n-th request, from 0, as told. */
async function startService(answer: (response: ServerResponse, seq: number) => void) {
  const bodies: string[] = []
  const open = { now: 0, most: 0 }
  const server = createServer(async (request, response) => {
    open.most = Math.max(open.most, ++open.now)
    response.once('close', () => open.now--)
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(body)
    answer(response, bodies.length - 1)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, open }
}

async function play(baseUrl: string, changed: Partial<Load> = {}, signal = new AbortController().signal) {
  const lines: SampleLine[] = []
  const clock = createClock(10)
  const sample = (line: SampleLine) => lines.push(line)
  const driving = drive({
    load: { ...load, ...changed },
    client,
    seed: 1,
    runId: 'run-1',
    baseUrl,
    clock,
    sample,
    signal,
  })
  await driving.done
  const attempts = lines.filter((line): line is Attempt => line.kind === 'attempt')
  const of = (name: string) => attempts.filter((attempt) => attempt.client === name)
  return { lines, attempts, of, clients: lines.filter((line) => line.kind === 'client'), live: driving.live, clock }
}

test('each RR sends an event once the one before it was answered, and every event has a line', async () => {
  const { baseUrl, bodies, open } = await startService((response) => response.writeHead(201).end('{}'))
  const { attempts, of, clients, live } = await play(baseUrl)
  expect(attempts).toHaveLength(60)
  expect(open.most).toBeLessThanOrEqual(3)
  for (const summary of clients) {
    const own = of(summary.client)
    expect(own.map(({ firstEvent }) => firstEvent)).toEqual(Array.from({ length: 20 }, (_, number) => number))
    for (const [index, { startedMs, endedMs, outcome, status }] of own.entries()) {
      expect([outcome, status]).toEqual(['ok', 201])
      expect(startedMs).toBeGreaterThanOrEqual(own[index - 1]?.endedMs ?? 0)
      expect(endedMs).toBeGreaterThanOrEqual(startedMs)
    }
    expect(summary).toMatchObject({ emitted: 20, unfinished: 0, inFlight: [] })
  }
  expect(
    new Set(
      bodies.map((body) =>
        body
          .match(/"client":"([^"]+)","event":(\d+)/)
          ?.slice(1)
          .join(),
      ),
    ).size,
  ).toBe(60)
  expect(live).toMatchObject({ planned: 60, emitted: 60, acknowledged: 60, dropped: 0, openAttempts: 0 })
})

test('a request that is closed unanswered, or is refused by a status, is no acknowledgement; the loop goes on', async () => {
  const { baseUrl } = await startService((response, seq) => {
    if (seq === 5) response.socket?.end()
    else response.writeHead(seq === 10 ? 503 : 201).end('{}')
  })
  const { attempts, lines, live } = await play(baseUrl, { rrs: 1 })
  expect(attempts).toHaveLength(20)
  expect(attempts[5]).toMatchObject({ outcome: 'unknown', status: null, failure: { errorClass: 'reset' } })
  expect(attempts[10]).toMatchObject({ outcome: 'failed', status: 503, failure: { errorClass: '5xx' } })
  const others = attempts.filter((_, index) => index !== 5 && index !== 10)
  expect(others.every(({ outcome }) => outcome === 'ok')).toBe(true)
  expect(lines.filter((line) => line.kind === 'drop').map((line) => line.firstEvent)).toEqual([5, 10])
  expect(live).toMatchObject({ acknowledged: 18, dropped: 2 })
})

test('an answer that does not come in time is a timeout, the last one of all, too', async () => {
  const { baseUrl } = await startService((response, seq) => {
    if (seq !== 1) response.writeHead(201).end('{}')
  })
  const { attempts } = await play(baseUrl, { rrs: 1, eventsPerRr: 2 })
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['ok', 'unknown'])
  expect(attempts[1]?.failure).toMatchObject({ errorClass: 'timeout' })
})

test('a full accept queue is a connect timeout, for nothing was done; what was accepted and got no answer is not', async () => {
  const { baseUrl, child } = await startFullQueue()
  cleanUps.push(() => child.kill('SIGKILL'))
  const { attempts, live } = await play(baseUrl, { rrs: 4, eventsPerRr: 2 })
  const seen = (firstEvent: number) =>
    attempts
      .filter((attempt) => attempt.firstEvent === firstEvent)
      .map(({ failure, outcome }) => `${failure?.errorClass} ${outcome}`)
      .sort()
  expect(seen(0)).toEqual(['connect-timeout failed', 'connect-timeout failed', 'timeout unknown', 'timeout unknown'])
  // The two that were completed stay in the queue, and leave no room.
  expect(seen(1)).toEqual(Array(4).fill('connect-timeout failed'))
  expect(live.errors).toMatchObject({ 'connect-timeout': 6, timeout: 2 })
})

test('over TLS, a service that accepts and never shakes hands is a connect timeout', async () => {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket.on('error', () => {})))
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const { attempts } = await play(`https://127.0.0.1:${port}`, { rrs: 1, eventsPerRr: 2 })
  const expected = { outcome: 'failed', failure: { errorClass: 'connect-timeout' } }
  expect(attempts).toMatchObject([expected, expected])
})

test('a service that is not there refuses every event, and the loop ends', async () => {
  const { baseUrl } = await startService(() => {})
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
  const { attempts } = await play(baseUrl)
  expect(attempts).toHaveLength(60)
  expect(attempts.every(({ failure }) => failure?.errorClass === 'refused')).toBe(true)
})

test('an abort ends the loop at once: what is open is in the summary, and has no line', async () => {
  const over = new AbortController()
  const { baseUrl } = await startService((response, seq) => {
    if (seq < 2) response.writeHead(201).end('{}')
    else over.abort()
  })
  const { attempts, clients } = await play(baseUrl, { rrs: 1 }, over.signal)
  expect(attempts).toHaveLength(2)
  expect(clients).toMatchObject([{ emitted: 3, unfinished: 1, inFlight: [{ firstEvent: 2, events: 1 }] }])
})
