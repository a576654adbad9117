import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { startStack } from '../stack.ts'
import type { StackOptions } from '../stack-options.ts'

const never = new AbortController().signal

async function serve(listener: RequestListener) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    listener(request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
  return { url, asked, [Symbol.asyncDispose]: close }
}

const optionsFor = (url: string, readyPath = '/healthz'): StackOptions => ({
  runtime: 'target',
  subject: { kind: 'target', url, readyPath },
  service: { profile: 'unused', profileOptions: {}, poolSize: 25 },
  limits: { memoryLimitBytes: 2 ** 31, cpus: 1 },
  logFile: '/dev/null',
})

test('a service that runs already is asked whether it is ready, and what it is; it is left running', async () => {
  let isReady = false
  await using service = await serve((request, response) => {
    if (request.url?.startsWith('/api/v1/audit/events')) {
      response.end('{"data": [], "pagination": {"limit": 1}}')
      return
    }
    response
      .setHeader('server', 'audit/1.2')
      .writeHead(isReady ? 200 : 503)
      .end()
    isReady = true
  })
  {
    await using stack = await startStack(optionsFor(service.url), never)
    expect(stack).toMatchObject({ runtime: 'target', versions: { target: 'audit/1.2' }, postgres: null, redis: null })
    // Nothing that nobody here can know.
    expect(stack.datastorage).toMatchObject({ baseUrl: service.url, pid: null, limits: null, counters: null })
    expect(stack.engine).toBeUndefined()
  }
  expect(service.asked.every((one) => one.startsWith('GET '))).toBe(true)
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
})

test.each<[string, RequestListener]>([
  ['says 404', (_, response) => response.writeHead(404).end('no such page')],
  ['answers with a page', (_, response) => response.end('<html>hello</html>')],
])('something else, which %s, is not loaded', async (_, answer) => {
  await using service = await serve((request, response) => {
    if (request.url === '/healthz') response.end('ok')
    else answer(request, response)
  })
  await expect(startStack(optionsFor(service.url), never)).rejects.toMatchObject({
    name: 'StackError',
    message: expect.stringContaining('this is no DataStorage'),
  })
})

test('nobody listens: Ctrl-C ends the wait with its own reason', async () => {
  await using service = await serve((_, response) => response.writeHead(503).end())
  const abort = new AbortController()
  const reason = new Error('Ctrl-C')
  const starting = startStack({ ...optionsFor(service.url), onProgress: () => abort.abort(reason) }, abort.signal)
  await expect(starting).rejects.toBe(reason)
})
