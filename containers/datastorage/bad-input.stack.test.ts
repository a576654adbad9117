// What no client library sends: too slow, too big, not HTTP. Answered with 4xx, or cut off by a documented limit.
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { batchPath, eventsPath } from './contract.ts'
import { anEvent } from './testing/an-event.ts'
import { type RealService, startDatabases, startRealService } from './testing/real-service.ts'

const mib = 1024 * 1024
let databases: Awaited<ReturnType<typeof startDatabases>>
let service: RealService

beforeAll(async () => {
  databases = await startDatabases()
  service = await startRealService({ ...databases.env, DATASTORAGE_REQUEST_LIMIT_MS: '500' })
})
afterAll(async () => {
  await service?.[Symbol.asyncDispose]()
  await databases?.[Symbol.asyncDispose]()
})

/** Sends bytes over a socket of its own, and returns what came until the service closed it. */
async function overSocket(...parts: (string | Buffer)[]): Promise<string> {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
  // A service that closes while we send is what some tests are about.
  socket.on('error', () => {})
  let received = ''
  socket.setEncoding('utf8').on('data', (data) => {
    received += data
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  for (const part of parts) {
    if (socket.destroyed) break
    if (!socket.write(part)) await Promise.race([closed, new Promise((resolve) => socket.once('drain', resolve))])
  }
  await closed
  return received
}

/** Sends the first part at once and then a byte each 20 ms, for as long as the service lets us; returns what it said. */
async function trickle(atOnce: string, slowly: string): Promise<string> {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
  socket.on('error', () => {})
  let received = ''
  socket.setEncoding('utf8').on('data', (data) => {
    received += data
  })
  socket.write(atOnce)
  let sent = 0
  const drip = setInterval(() => socket.write(slowly[sent++ % slowly.length] ?? ''), 20)
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(drip)
  return received
}

const head = (path: string, ...headers: string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', ...headers, '', ''].join('\r\n')

test.concurrent.each([
  ['a body that never comes', [head(eventsPath, 'Content-Length: 500')], 408],
  ['half a body', [head(batchPath, 'Content-Length: 500'), '[{"version"'], 408],
  ['headers that never end', ['POST / HTTP/1.1\r\nHost: x\r\n'], 408],
  ['headers of 20 KiB', [head(eventsPath, `X-Long: ${'x'.repeat(20_000)}`)], 431],
  ['something that is not HTTP', ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n'], 400],
  ['a length that is no number', [head(eventsPath, 'Content-Length: many')], 400],
  ['two lengths', [head(eventsPath, 'Content-Length: 1', 'Content-Length: 2')], 400],
])('%s is answered with a problem, and the connection closed', async (_, parts, status) => {
  const answer = await overSocket(...parts)
  expect(answer).toContain(`HTTP/1.1 ${status} `)
  expect(answer).toContain('application/problem+json')
})

// Something arrives all the time: a limit on silence would never cut these off.
const endlessHead = `POST ${eventsPath} HTTP/1.1\r\nHost: x\r\nX-Slow: ${'x'.repeat(10_000)}`
test.concurrent.each([
  ['a head', '', endlessHead, ['408']],
  ['a body with its length', head(batchPath, 'Content-Length: 100000'), ' ', ['408']],
  ['a body in chunks', head(batchPath, 'Transfer-Encoding: chunked'), '1\r\n \r\n', ['408']],
  ['the second head of a connection', 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n', endlessHead, ['200', '408']],
])('%s that comes byte by byte is answered with 408, and cut off', async (_, atOnce, slowly, statuses) => {
  const answer = await trickle(atOnce, slowly)
  expect([...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)).toEqual(statuses)
  expect(answer).toContain('application/problem+json')
})

test('bodies of 100 MiB are cut off, and none is kept', async () => {
  const chunk = Buffer.concat([Buffer.from(`${(mib).toString(16)}\r\n`), Buffer.alloc(mib, 0x20), Buffer.from('\r\n')])
  const body = Array.from({ length: 100 }, () => chunk)
  await overSocket(head(batchPath, 'Transfer-Encoding: chunked'), ...body)
  const beforeBytes = await service.metric('process_resident_memory_bytes')
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, n) => {
      const length = n % 2 === 0 ? 'Transfer-Encoding: chunked' : `Content-Length: ${100 * mib}`
      return overSocket(head(batchPath, length), ...body)
    }),
  )
  // The connection may break under what is still being sent before the answer is read.
  for (const answer of answers) expect(answer === '' || answer.includes('413')).toBe(true)
  const grownBytes = (await service.metric('process_resident_memory_bytes')) - beforeBytes
  expect(grownBytes).toBeLessThan(100 * mib)
})

test('JSON nested a million deep is refused, alone and inside an event', async () => {
  const deep = '['.repeat(1_000_000)
  const closed = deep + ']'.repeat(1_000_000)
  const event = JSON.stringify([anEvent({ event_data: { a: 1 } })]).replace('"a":1', () => `"a":${closed}`)
  for (const body of [deep, closed, event]) {
    const answer = await fetch(`${service.url}${batchPath}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('"status":400')])
  }
})

test('after all that it serves as before', async () => {
  expect((await service.post([anEvent()])).status).toBe(201)
  expect(service.child.exitCode).toBe(null)
  expect(await service.metric('datastorage_requests_in_progress')).toBe(0)
})
