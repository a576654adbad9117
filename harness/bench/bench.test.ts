import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, glob, readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test, vi } from 'vitest'
import { createScene } from '../../containers/embedded/fixtures/scene.ts'
import { exitCodes, InterruptedError } from '../errors.ts'
import { createRandom } from '../random.ts'
import { deliverAtRate } from './deliveries.ts'
import { play } from './playing.ts'
import { run } from './processes.ts'
import type { Bench } from './questions/question.ts'
import { stall } from './questions/stall.ts'
import { saturate } from './saturate.ts'
import { startNode } from './servers/node.ts'
import { formatEstimate, ratioOf, shuffle } from './statistics.ts'
import { type About, renderMarkdown } from './text.ts'
import { chooseTools } from './tools/here.ts'
import { ours } from './tools/ours.ts'
import type { Tool } from './tools/tool.ts'
import { truthOf } from './truth.ts'
import { watchClock } from './watching.ts'

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

describe('a tool that is of no use', () => {
  const mute: Tool = {
    kind: 'program',
    name: 'mute',
    program: 'true',
    debianPackage: 'coreutils',
    saturate: () => [],
    readPlayed: () => ({ requests: 0, failed: 7, elapsedMs: 1_000 }),
    pace: () => [],
    readLatencies: () => ({ p50: Number.NaN, p90: Number.NaN, p99: Number.NaN, max: Number.NaN, count: 0 }),
  }
  const broken: Tool = { ...mute, name: 'broken', program: 'false' }
  const talker: Tool = {
    ...mute,
    name: 'talker',
    readPlayed: () => ({ requests: 2_000, failed: 0, elapsedMs: 1_000 }),
    readLatencies: () => ({ p50: 0, p90: 800, p99: 1_900, max: 2_000, count: 800 }),
  }
  const absent: Tool = { ...mute, name: 'absent', program: 'culprit-no-such-program' }

  /** A bench with some tools, and what it has said. */
  function benchWith(tools: readonly Tool[], dir: string) {
    const said: string[] = []
    const place = { cpu: null, tempDir: dir, signal: new AbortController().signal }
    const startServer = () => startNode(place)
    const random = createRandom(1)
    const say = (what: string) => said.push(what)
    const bench: Bench = {
      tools,
      rounds: 2,
      measureMs: 1,
      isQuick: false,
      random,
      ofTools: place,
      startServer,
      dir,
      say,
    }
    return { bench, said }
  }

  test('has a row that says so, and the others have theirs', async () => {
    await using scene = await createScene()
    const { bench, said } = benchWith([mute, broken, talker], scene.folder)
    const server = { name: 'nobody', origin: 'http://127.0.0.1:1', pid: 0, [Symbol.asyncDispose]: async () => {} }
    const { rows, silent } = await saturate(bench, server, [1])
    expect(rows.map((row) => [...row.slice(1, 3), row.at(-1)])).toEqual([
      ['mute', 'no answers', '14'],
      ['broken', 'no answers', '0'],
      ['talker', expect.stringMatching(/^2,000/), '0'],
    ])
    expect(silent?.toSorted()).toEqual(['broken', 'mute'])
    expect(said.join()).toContain('broken, 1 in a request: no answers: false failed')
  })

  test('without any answer in some rounds is not taken for one that had all', async () => {
    await using scene = await createScene()
    let turn = 0
    const moody: Tool = {
      ...talker,
      name: 'moody',
      readPlayed: (output) => (turn++ ? talker : mute).readPlayed(output),
    }
    const { bench } = benchWith([moody], scene.folder)
    const server = { name: 'nobody', origin: 'http://127.0.0.1:1', pid: 0, [Symbol.asyncDispose]: async () => {} }
    const { rows } = await saturate(bench, server, [1])
    expect(rows[0]?.[2]).toBe('2,000; no answers in 1 of 2 rounds')
  })

  test('has a row where the server stalls, too', async () => {
    await using scene = await createScene()
    const { bench, said } = benchWith([mute, broken], scene.folder)
    const { rows, silent } = await stall.ask(bench)
    expect(rows).toEqual(['mute', 'broken'].map((name) => [name, 'no answers', '', '', '', '', '', '']))
    expect(silent?.toSorted()).toEqual(['broken', 'mute'])
    expect(said.toSorted().join()).toMatch(/broken: no answers: false failed.*mute: no answers: it ended before/)
  })

  test('is left out when it is not there, by name, too; of those that nobody asked for nothing is said', () => {
    const all = [absent, talker, ours]
    const skipped = ['culprit-no-such-program is not on PATH (Debian: coreutils)']
    expect(chooseTools(all, { isQuick: false })).toEqual({ tools: [talker, ours], skipped })
    expect(chooseTools(all, { isQuick: false, names: ['absent', 'culprit'] })).toEqual({ tools: [ours], skipped })
    expect(chooseTools(all, { isQuick: true, names: ['culprit'] })).toEqual({ tools: [ours], skipped: [] })
  })
})

describe('what is written', () => {
  const about: About = {
    startedAt: '2026-11-28T20:51:00.000Z',
    command: 'npm run bench',
    machine: { cpuModel: 'AMD EPYC', cpus: 2, memoryBytes: 2 ** 34, kernel: '6.18' },
    versions: { culprit: '0.1.0', node: '24.21.0' },
    git: { commit: '0123456789abcdef', dirty: false },
    isPinned: true,
    skipped: [],
  }
  const answer = { header: ['Tool'], rows: [['culprit']], note: 'So it is.', data: [] }

  test.each([
    [{ commit: '0123456789abcdef', dirty: false }, 'commit 0123456, Node'],
    [{ commit: '0123456789abcdef', dirty: true }, 'commit 0123456 with changes, Node'],
    [null, 'commit unknown, Node'],
  ])('says when, on what and of which commit it is (%j)', (git, words) => {
    const text = renderMarkdown({ ...about, git }, stall, answer)
    for (const word of ['2026-11-28 20:51 UTC', '2 CPUs (AMD EPYC)', words]) expect(text).toContain(word)
  })
})

test('a loop that looks at the clock is late by as long as something else has its turn', () => {
  const now = performance.now.bind(performance)
  let looks = 0
  // Asked for the 1,000th time, it is half a second later.
  performance.now = () => now() + (++looks >= 1_000 ? 500 : 0)
  const { count, max } = watchClock({ kind: 'watch', ratePerSec: 1_000, durationMs: 1_000 })
  Reflect.deleteProperty(performance, 'now')
  expect(count).toBe(1_000)
  expect(max).toBeGreaterThan(490)
})

test('all that is wrong is said at once, and nothing starts: exit 4', async () => {
  await using scene = await createScene()
  const wrong = ['--rounds', 'x', '--seconds', '0', '--only', 'zz', '--tools', 'yy', '--out', '/proc/nowhere/at/all']
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bench.ts'), ...wrong], {
    env: { ...process.env, TMPDIR: scene.folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [said, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  expect(said.trimEnd().split('\n')).toEqual([
    expect.stringContaining('--rounds: takes a whole number'),
    expect.stringContaining('--seconds: takes a whole number'),
    expect.stringMatching(/^--only zz: takes any of: throughput; /),
    expect.stringMatching(/^--tools yy: takes any of: wrk; /),
    expect.stringContaining('--out /proc/nowhere/at/all: '),
  ])
  expect(exitCode).toBe(exitCodes.badInput)
  expect(await readdir(scene.folder)).toEqual([])
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
    const kill = vi.spyOn(process, 'kill')
    await expect(stall.ask(bench)).rejects.toBe(interrupted)
    // The server is gone by then, and its number may be another's.
    expect(kill.mock.calls.filter(([, signal]) => signal === 'SIGSTOP')).toEqual([])
    kill.mockRestore()
  })
})
