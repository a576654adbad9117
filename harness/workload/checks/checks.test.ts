import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { runChecks } from './index.ts'

interface Stored {
  readonly event_type: string
  readonly correlation_id: string
}

const client = {
  bufferEvents: 30_000,
  batchEvents: 1_000,
  flushMs: 10,
  timeoutMs: 1_000,
  attempts: 2,
  retryPauseMs: 10,
  retryJitter: 0,
  onBusy: 'drop',
  sendsIdempotencyKey: false,
} as const

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A service over real sockets that keeps its events in memory, as far as `keeps` lets it, and answers newest first. */
async function serve(keeps: (event: Stored) => boolean = () => true) {
  const events: Stored[] = []
  server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      events.push(...((await json(request)) as Stored[]).filter(keeps))
      response.writeHead(201).end('{}')
      return
    }
    const id = new URL(request.url ?? '', 'http://any').searchParams.get('correlation_id')
    response.end(JSON.stringify({ data: events.filter((event) => event.correlation_id === id).reverse() }))
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const check = (baseUrl: string, signal = new AbortController().signal) =>
  runChecks({ baseUrl, client, runId: 'run', signal })
const namesOf = (checks: Awaited<ReturnType<typeof check>>, result: string) =>
  checks.filter((one) => one.result === result).map((one) => one.name)

test("all of the report's 15 pass on a service that keeps its events", async () => {
  const checks = await check(await serve())
  expect(checks).toHaveLength(15)
  expect(namesOf(checks, 'failed')).toEqual([])
})

test('those whose events are lost fail, although every write was acknowledged', async () => {
  const checks = await check(await serve((event) => !event.event_type.startsWith('orchestrator.approval')))
  expect(namesOf(checks, 'failed')).toEqual([
    'approval requested',
    'approval approved',
    'approval rejected',
    'approval expired',
    'manual review',
  ])
  const { because } = checks.find((one) => one.result === 'failed') ?? {}
  expect(because).toBe('written: lifecycle.started, approval.requested; found: lifecycle.started')
})

test('all fail where nothing listens, and say so', async () => {
  const checks = await check('http://127.0.0.1:1')
  expect(namesOf(checks, 'passed')).toEqual([])
  expect(checks[0]?.because).toMatch(/1 of 1 events given up: .*ECONNREFUSED/)
})

test('an interruption ends them', async () => {
  await expect(check('http://127.0.0.1:1', AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop')
})
