import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'
import type { ClientOptions, Load } from '../scenario.ts'

export const load: Load = {
  rrs: 6,
  eventsPerRr: 3,
  lifeMs: 300,
  spreadMs: 10,
  pace: null,
  queriesPerSec: 20,
  approvalShare: 0,
  emitter: 'per-rr',
}
export const client: ClientOptions = {
  bufferEvents: 100,
  batchEvents: 10,
  flushMs: 50,
  timeoutMs: 2_000,
  attempts: 3,
  retryPauseMs: 10,
  retryJitter: 0,
  onBusy: 'drop',
  sendsIdempotencyKey: false,
}
export const never = new AbortController().signal
const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

interface Stored {
  readonly correlation_id: string
  readonly event_data: { readonly run: string; readonly client: string; readonly event: number }
}

/** A service that keeps what it is sent, and answers each request with `statusOf`; `null`: never. */
export async function startService(statusOf: (path: string, seq: number) => number | null = () => 201) {
  const stored: Stored[] = []
  const queried: string[] = []
  const posted: string[] = []
  const asked = Promise.withResolvers<void>()
  let seq = 0
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const url = new URL(request.url ?? '', 'http://service')
    const status = statusOf(url.pathname, seq++)
    asked.resolve()
    if (status === null) return
    if (request.method === 'GET') queried.push(url.searchParams.get('correlation_id') ?? '')
    else posted.push(url.pathname)
    if (request.method === 'POST' && status === 201) stored.push(...[JSON.parse(body) as Stored | Stored[]].flat())
    response.writeHead(request.method === 'GET' ? 200 : status).end('{}')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stored,
    queried,
    posted,
    asked: asked.promise,
  }
}

export const idOf = ({ event_data: { client: name, event } }: Stored) => `${name} ${event}`
