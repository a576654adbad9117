import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createSender } from './send.ts'

// Real sockets: what each ending looks like is decided by the kernel, Node and undici together.

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

async function post(baseUrl: string, timeoutMs = 5_000) {
  const sender = createSender(baseUrl, timeoutMs)
  cleanUps.push(() => sender[Symbol.asyncDispose]())
  return sender.send({ method: 'POST', path: '/api/v1/audit/events/batch', body: '[{}]', timeoutMs })
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
  const code =
    "require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port) })"
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  cleanUps.push(() => child.kill('SIGKILL'))
  const [port] = (await once(child.stdout, 'data')) as [Buffer]
  child.kill('SIGSTOP') // alive, and accepts nothing: the kernel completes two connections, the third waits
  const answers = await Promise.all(Array.from({ length: 4 }, () => post(`http://127.0.0.1:${Number(port)}`, 400)))
  const seen = answers.map((answer) => `${answer.failure?.errorClass} ${answer.outcome}`).sort()
  expect(seen).toEqual(['connect-timeout failed', 'connect-timeout failed', 'timeout unknown', 'timeout unknown'])
})

test('an answer that breaks off half-way is no answer', async () => {
  const half = 'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"event_ids"'
  const answer = await post(await serverThat((socket) => socket.end(half)))
  expect(answer).toMatchObject({ outcome: 'unknown', status: null, failure: { errorClass: 'reset' } })
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
  const sender = createSender(baseUrl, 5_000)
  cleanUps.push(() => sender[Symbol.asyncDispose]())
  const request = { method: 'POST', path: '/', body: '[]', timeoutMs: 5_000 } as const
  const answers = await Promise.all(Array.from({ length: 100 }, () => sender.send(request)))
  expect(answers.filter((answer) => answer.outcome === 'ok')).toHaveLength(100)
})

test('connections are used again', async () => {
  const ports = new Set<number | undefined>()
  const baseUrl = await httpServer((request, response) => {
    ports.add(request.socket.remotePort)
    response.writeHead(201).end('{}')
  })
  const sender = createSender(baseUrl, 1_000)
  cleanUps.push(() => sender[Symbol.asyncDispose]())
  for (let i = 0; i < 3; i++) {
    await sender.send({ method: 'POST', path: '/', body: '[]', timeoutMs: 1_000 })
    await new Promise(setImmediate) // undici takes the connection back after it has handed the answer over
  }
  expect(ports.size).toBe(1)
})
