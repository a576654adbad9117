import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, glob, readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { createScene } from '../../containers/embedded/fixtures/scene.ts'
import { exitCodes, InterruptedError } from '../errors.ts'
import { createRandom } from '../random.ts'
import { deliverAtRate } from './deliveries.ts'
import { play } from './playing.ts'
import { run } from './processes.ts'
import type { Bench } from './questions/question.ts'
import { stall } from './questions/stall.ts'
import { startNode } from './servers/node.ts'
import { formatEstimate, ratioOf, shuffle } from './statistics.ts'
import { ours } from './tools/ours.ts'
import { truthOf } from './truth.ts'

test('a stall of 2 s in 10 s of a constant rate: a fifth waits, evenly up to 2 s', () => {
  const truth = truthOf({ ratePerSec: 200, durationMs: 10_000, beganMs: 100 }, { fromMs: 4_100, untilMs: 6_100 })
  // The 400 that waited did so for 5, 10, ... 2,000 ms: the 1,800th of 2,000 is the 200th of them.
  expect(truth).toEqual({ p50: 0, p90: 1_000, p99: 1_900, max: 2_000, count: 2_000 })
})

describe('rounds', () => {
  test('ratios are taken within a round, so that a slow machine slows both', () => {
    const ratio = ratioOf([90, 45, 180], [100, 50, 200])
    expect(ratio).toMatchObject({ n: 3 })
    expect(formatEstimate(ratio, (value) => value.toFixed(2))).toBe('0.90 (0.90 to 0.90)')
  })

  test('a round that lacks one of the two does not count', () => {
    expect(ratioOf([90, null], [100, 50])).toMatchObject({ n: 1, interval: null })
    expect(ratioOf([null], [100])).toBeNull()
    expect(ratioOf([90], [0])).toBeNull()
  })

  test('each order comes as often as any other, and the seed gives it again', () => {
    const random = createRandom(7)
    const seen = new Map<string, number>()
    for (let n = 0; n < 6_000; n++) {
      const order = shuffle(['a', 'b', 'c'], random).join('')
      seen.set(order, (seen.get(order) ?? 0) + 1)
    }
    expect(seen.size).toBe(6)
    for (const count of seen.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150)
    const again = () => shuffle([1, 2, 3, 4, 5, 6, 7, 8], createRandom(3))
    expect(again()).toEqual(again())
  })
})

describe('what is measured with', () => {
  async function serve() {
    const server = createServer((request, response) => {
      request.resume().once('end', () => response.writeHead(201).end('{}'))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { origin, [Symbol.dispose]: () => server.closeAllConnections() ?? server.close() }
  }
  const load = { body: '[{}]', bodyFile: '', connections: 1, warmUpMs: 0, ratePerSec: 50 }

  test.each([
    [200, 10],
    [0, 0],
  ])('a rate over %i ms: each request has its times, and it ends', async (durationMs, count) => {
    using server = await serve()
    const { latencies, sendDelays } = await deliverAtRate({ ...load, url: server.origin, durationMs })
    expect([latencies.count, sendDelays.count]).toEqual([count, count])
    expect(latencies.p50).toBeGreaterThanOrEqual(sendDelays.p50)
  })

  test('RRs are played to their end, and each event is accounted for', async () => {
    using server = await serve()
    const job = {
      kind: 'play',
      origin: server.origin,
      emitter: 'per-rr',
      rrs: 10,
      rrsPerSec: 100,
      lifeMs: 100,
    } as const
    expect(await play(job)).toMatchObject({ events: 30, acknowledged: 30, dropped: 0 })
  })

  test('a program that fails is an error that says what it said; one that does not has its CPU time', async () => {
    const place = { cpu: null, signal: new AbortController().signal }
    await expect(run(['sh', '-c', 'echo broken >&2; exit 3'], place)).rejects.toThrow('sh -c failed: broken')
    const { output, cpuMs } = await run(
      ['sh', '-c', 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo $i'],
      place,
    )
    expect(output).toBe('100000\n')
    expect(cpuMs).toBeGreaterThanOrEqual(10)
  })
})

describe('Ctrl-C', () => {
  test('while a worker records: exit 130, and nothing is left of what it wrote', async () => {
    await using scene = await createScene()
    const options = ['--quick', '--only', 'send-delay', '--out', join(scene.folder, 'out')]
    const child = spawn(process.execPath, [join(import.meta.dirname, 'bench.ts'), ...options], {
      env: { ...process.env, TMPDIR: scene.folder },
      stdio: 'ignore',
    })
    try {
      const isRecording = async () => {
        const records = await Array.fromAsync(glob('**/samples.ndjson', { cwd: scene.folder }))
        expect(records).toHaveLength(1)
      }
      await vi.waitFor(isRecording, { timeout: 20_000, interval: 50 })
      child.kill('SIGINT')
      expect(await once(child, 'exit')).toEqual([exitCodes.interrupted, null])
      expect(await readdir(scene.folder)).toEqual(['out'])
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('while the server is about to stall: that is not waited for', async () => {
    await using scene = await createScene()
    const over = new AbortController()
    const place = { cpu: null, tempDir: scene.folder, signal: over.signal }
    const interrupted = new InterruptedError('interrupted')
    const bench: Bench = {
      tools: [ours],
      rounds: 1,
      measureMs: 1_000,
      isQuick: true,
      random: createRandom(1),
      ofTools: place,
      async startServer() {
        const server = await startNode(place)
        vi.waitFor(() => access(join(scene.folder, '1.json'))).then(() => over.abort(interrupted))
        return server
      },
      dir: scene.folder,
      say: () => {},
    }
    // The signal's own error: a server that was stopped by then would be looked for in vain (ESRCH).
    await expect(stall.ask(bench)).rejects.toMatchObject({ name: 'AbortError', cause: interrupted })
  })
})
