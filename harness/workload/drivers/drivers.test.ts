import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { startFullQueue } from '../full-queue.fixture.ts'
import { ask } from './driver.ts'
import { socketsDriver } from './sockets.ts'
import { undiciDriver } from './undici.ts'

// Real sockets: what each ending looks like is decided by the kernel, Node and the driver together.

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  cleanUps.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((done) => server.close(done))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server that does `act` once a request has come in whole. */
const serverThat = (act: (socket: Socket) => void) =>
  listen(createServer((socket) => void socket.once('data', () => act(socket))))

const httpServer = (answer: RequestListener) => listen(createHttpServer(answer))

describe.each([
  ['bare sockets', socketsDriver],
  ['undici', undiciDriver],
] as const)('%s', (_name, driver) => {
  async function post(baseUrl: string, timeoutMs = 5_000) {
    const sender = driver(baseUrl, timeoutMs)
    cleanUps.push(() => sender[Symbol.asyncDispose]())
    return ask(sender.send, { method: 'POST', path: '/api/v1/audit/events/batch', body: '[{}]', timeoutMs })
  }

  test('a RST is a reset, with the errno and syscall that tell it from a FIN; the outcome is unknown', async () => {
    const answer = await post(await serverThat((socket) => socket.resetAndDestroy()))
    const failure = { errorClass: 'reset', code: 'ECONNRESET', errno: -104, syscall: 'read' }
    expect(answer).toMatchObject({ outcome: 'unknown', status: null, failure })
  })

  test('a FIN is a reset without an errno', async () => {
    const answer = await post(await serverThat((socket) => socket.end()))
    const failure = { errorClass: 'reset', code: 'UND_ERR_SOCKET', message: 'other side closed' }
    expect(answer).toEqual({ outcome: 'unknown', status: null, failure })
  })

  test('no answer is a timeout; the outcome is unknown', async () => {
    const answer = await post(await serverThat(() => {}), 100)
    expect(answer).toMatchObject({ outcome: 'unknown', status: null, failure: { errorClass: 'timeout' } })
  })

  test('a full accept queue is a connect timeout: nothing was done', async () => {
    const { baseUrl, child } = await startFullQueue()
    cleanUps.push(() => child.kill('SIGKILL'))
    const answers = await Promise.all(Array.from({ length: 4 }, () => post(baseUrl, 400)))
    const seen = answers.map((answer) => `${answer.failure?.errorClass} ${answer.outcome}`).sort()
    expect(seen).toEqual(['connect-timeout failed', 'connect-timeout failed', 'timeout unknown', 'timeout unknown'])
  })

  test('an answer that breaks off half-way is no answer', async () => {
    const half = 'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"event_ids"'
    const answer = await post(await serverThat((socket) => socket.end(half)))
    expect(answer).toMatchObject({ outcome: 'unknown', status: null, failure: { errorClass: 'reset' } })
  })

  test('what is no HTTP is no answer', async () => {
    const answer = await post(await serverThat((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n')))
    expect(answer).toMatchObject({ outcome: 'unknown', status: null, failure: { errorClass: 'reset' } })
  })

  test.each([
    ['in pieces', ['HTTP/1.1 201 Cre', 'ated\r\nContent-Length: 5\r', '\n\r\n{"a"', '}']],
    ['in chunks', ['HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n', '2\r\n"}\r\n0\r\n\r\n']],
    ['up to the end of the stream', ['HTTP/1.1 201 Created\r\n\r\n{', '}', null]],
    [
      'after a hint',
      ['HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'],
    ],
  ])('an answer that comes %s is an answer', async (_, parts) => {
    const baseUrl = await serverThat(async (socket) => {
      for (const part of parts) {
        if (part === null) socket.end()
        else await new Promise<void>((done) => socket.write(part, () => setImmediate(done)))
      }
    })
    expect(await post(baseUrl)).toEqual({ outcome: 'ok', status: 201, failure: null })
  })

  test('answers with the same head are told apart by what came: whole, in two pieces, and half', async () => {
    const answer = 'HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\n{  }'
    let asked = 0
    const baseUrl = await listen(
      createServer((socket) => {
        socket.on('data', () => {
          asked++
          if (asked < 3) return socket.write(answer)
          socket.write(answer.slice(0, -2), () => {
            if (asked === 3) setImmediate(() => socket.write(answer.slice(-2)))
            else socket.end()
          })
        })
      }),
    )
    const sender = driver(baseUrl, 5_000)
    cleanUps.push(() => sender[Symbol.asyncDispose]())
    const seen: unknown[] = []
    for (let n = 0; n < 4; n++) {
      const { outcome, status } = await ask(sender.send, { method: 'POST', path: '/', body: '[]', timeoutMs: 5_000 })
      seen.push([outcome, status])
    }
    expect(seen).toEqual([
      ['ok', 201],
      ['ok', 201],
      ['ok', 201],
      ['unknown', null],
    ])
  })

  test('what is sent is what was asked for', async () => {
    const seen = Promise.withResolvers<unknown>()
    const baseUrl = await httpServer(async (request, response) => {
      const { method, url, headers } = request
      const { host, 'content-type': type, 'idempotency-key': key } = headers
      let body = ''
      for await (const part of request.setEncoding('utf8')) body += part
      seen.resolve({ method, url, host: `http://${host}`, type, key, body })
      response.writeHead(201).end()
    })
    const sender = driver(baseUrl, 5_000)
    cleanUps.push(() => sender[Symbol.asyncDispose]())
    const [method, path, body] = ['POST', '/a?b=c%20d', '["ü", "→"]'] as const
    await ask(sender.send, { method, path, body, idempotencyKey: '"k"', timeoutMs: 5_000 })
    const sent = { method, url: path, host: baseUrl, type: 'application/json', key: '"k"', body }
    expect(await seen.promise).toEqual(sent)
  })

  test('what the kernel does not take at once arrives as it was, whatever is sent meanwhile', async () => {
    const megabytes = 8
    const arrived: Socket[] = []
    const all = Promise.withResolvers<void>()
    const seen: string[] = []
    const server = createHttpServer({ highWaterMark: 1 }, async (request, response) => {
      arrived.push(request.socket)
      if (arrived.length === 2) all.resolve()
      await all.promise
      let body = ''
      for await (const part of request.setEncoding('utf8')) body += part
      seen.push(body)
      response.writeHead(201).end()
    })
    const sender = driver(await listen(server), 20_000)
    cleanUps.push(() => sender[Symbol.asyncDispose]())
    const bodies = ['a', 'ü'].map((character) => character.repeat(megabytes * 2 ** 20))
    await Promise.all(bodies.map((body) => ask(sender.send, { method: 'POST', path: '/', body, timeoutMs: 20_000 })))
    expect(seen.sort().map((body) => bodies.indexOf(body))).toEqual([0, 1])
  })

  test.each([
    ['7', 7_000],
    ['soon', undefined],
  ])('Retry-After: %s', async (value, retryAfterMs) => {
    const baseUrl = await httpServer((_request, response) => response.writeHead(429, { 'retry-after': value }).end())
    expect((await post(baseUrl)).retryAfterMs).toBe(retryAfterMs)
  })

  test('a connection that the service closes while it is idle is not used again', async () => {
    const baseUrl = await httpServer((request, response) => {
      response.writeHead(201).end(() => setImmediate(() => request.socket.end()))
    })
    const sender = driver(baseUrl, 5_000)
    cleanUps.push(() => sender[Symbol.asyncDispose]())
    for (let n = 0; n < 3; n++) {
      const answer = await ask(sender.send, { method: 'POST', path: '/', body: '[]', timeoutMs: 5_000 })
      expect(answer.outcome).toBe('ok')
      await new Promise((done) => setTimeout(done, 20))
    }
  })

  test('nothing is sent after the end, and what was open has failed', async () => {
    const arrived = Promise.withResolvers<void>()
    const baseUrl = await serverThat(() => arrived.resolve())
    const sender = driver(baseUrl, 5_000)
    const request = { method: 'POST', path: '/', body: '[]', timeoutMs: 5_000 } as const
    const open = ask(sender.send, request)
    await arrived.promise
    await sender[Symbol.asyncDispose]()
    const failure = { errorClass: 'local', code: 'UND_ERR_DESTROYED' }
    expect(await Promise.all([open, ask(sender.send, request)])).toMatchObject([{ failure }, { failure }])
  })

  test('a closed port is refused: nothing was done', async () => {
    const server = createServer()
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    await new Promise((done) => server.close(done))
    const answer = await post(`http://127.0.0.1:${port}`)
    expect(answer).toMatchObject({ outcome: 'failed', failure: { errorClass: 'refused', code: 'ECONNREFUSED' } })
  })

  test.each([
    [201, 'ok', null],
    [400, 'failed', { errorClass: '4xx', message: 'status 400' }],
    [500, 'failed', { errorClass: '5xx', message: 'status 500' }],
  ] as const)('status %i is %s', async (status, outcome, failure) => {
    const baseUrl = await httpServer((_request, response) => response.writeHead(status).end('{}'))
    expect(await post(baseUrl)).toEqual({ outcome, status, failure })
  })

  test('a hundred requests at once have a hundred connections: none waits for a socket', async () => {
    let open = 0
    const all = Promise.withResolvers<void>()
    const baseUrl = await httpServer((_request, response) => {
      open++
      if (open === 100) all.resolve()
      void all.promise.then(() => response.writeHead(201).end())
    })
    const sender = driver(baseUrl, 5_000)
    cleanUps.push(() => sender[Symbol.asyncDispose]())
    const request = { method: 'POST', path: '/', body: '[]', timeoutMs: 5_000 } as const
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(sender.send, request)))
    expect(answers.filter((answer) => answer.outcome === 'ok')).toHaveLength(100)
  })

  test('connections are used again', async () => {
    const ports = new Set<number | undefined>()
    const baseUrl = await httpServer((request, response) => {
      ports.add(request.socket.remotePort)
      response.writeHead(201).end('{}')
    })
    const sender = driver(baseUrl, 1_000)
    cleanUps.push(() => sender[Symbol.asyncDispose]())
    for (let i = 0; i < 3; i++) {
      await ask(sender.send, { method: 'POST', path: '/', body: '[]', timeoutMs: 1_000 })
      await new Promise(setImmediate) // undici takes the connection back after it has handed the answer over
    }
    expect(ports.size).toBe(1)
  })
})
