import { describe, expect, test, vi } from 'vitest'
import type { ContainerState, Engine } from '../engine.ts'
import { startScene } from './scene.fixture.ts'

const never = new AbortController().signal
const killed = { pid: 1, code: null, signal: 'SIGKILL' } as const

test('the counters as they are after the death are on record', async () => {
  await using scene = await startScene()
  await scene.next((line) => line.kind === 'cgroup')
  scene.state.counters.oomKills = 1
  scene.exit(killed)
  await expect(scene.collector.died).resolves.toEqual(killed)
  await new Promise(setImmediate) // at once, not with the next beat: the group may be removed by then
  const exitAt = scene.lines.findIndex((line) => line.kind === 'exit')
  expect(scene.lines[exitAt]).toMatchObject(killed)
  expect(scene.lines.slice(exitAt).find((line) => line.kind === 'cgroup')).toMatchObject({ oomKills: 1 })
  expect(scene.collector.latest.isDead).toBe(true)
})

test('under one limit over the whole stack, each part and the whole are on record, and a part’s end', async () => {
  await using scene = await startScene({ isShared: true })
  scene.state.all.memoryBytes = 7_000
  await scene.next((line) => line.kind === 'part' && line.part === 'stack' && line.memoryBytes === 7_000)
  expect(scene.collector.latest.memoryBytes).toBe(7_000)
  scene.state.redis.oomKills = 1
  scene.exitRedis(killed)
  await new Promise(setImmediate) // at once, not with the next beat
  const exitAt = scene.lines.findIndex((line) => line.kind === 'part-exit')
  expect(scene.lines[exitAt]).toMatchObject({ part: 'redis', ...killed })
  expect(scene.lines.slice(exitAt).find((line) => line.kind === 'part')).toMatchObject({ part: 'redis', oomKills: 1 })
  expect(scene.collector.latest.isDead).toBe(false)
  await scene.collector.stop()
  const written = scene.lines.length
  scene.exit(killed)
  await new Promise(setImmediate)
  expect(scene.lines.length).toBe(written)
})

test('a part that ends because it is stopped has no end on record', async () => {
  await using scene = await startScene({ isShared: true })
  await scene.collector.stop()
  scene.exitRedis(killed)
  await new Promise(setImmediate)
  expect(scene.of('part-exit')).toEqual([])
})

test('health is asked on a new connection each time, and a 503 is a failure', async () => {
  await using scene = await startScene()
  for (let i = 0; i < 3; i++) await scene.next((line) => line.kind === 'health')
  scene.state.isHealthy = false
  await scene.next((line) => line.kind === 'health' && line.status === 503)
  expect(new Set(scene.healthPorts).size).toBe(scene.healthPorts.length)
  expect(scene.of('health')[0]).toMatchObject({ status: 200, failure: null })
  expect(scene.of('health').at(-1)?.failure?.errorClass).toBe('5xx')
})

test('a service that does not answer: health fails, and its figures are missing instead of old', async () => {
  await using scene = await startScene()
  scene.state.isSilent = true
  await Promise.all([
    scene.next((line) => line.kind === 'health' && line.failure?.errorClass === 'timeout'),
    scene.next((line) => line.kind === 'probe-failed' && line.probe === 'service'),
  ])
})

test('what the service does not publish is null', async () => {
  await using scene = await startScene()
  await scene.next((line) => line.kind === 'service')
  expect(scene.of('service')[0]).toMatchObject({ eventsPending: 0, poolMax: 25, poolInUse: null, eventsWritten: null })
})

test('a database and a Redis that are not there are probe failures, and nothing else', async () => {
  await using scene = await startScene()
  await Promise.all(
    ['postgres', 'redis'].map((probe) =>
      scene.next((line) => line.kind === 'probe-failed' && line.probe === probe && line.message !== ''),
    ),
  )
  expect([...scene.of('postgres'), ...scene.of('redis')]).toEqual([])
})

test('stderr is on record, its flood is not', async () => {
  await using scene = await startScene()
  for (let line = 0; line < 500; line++) scene.writeStderr(`line ${line}`)
  expect(scene.of('stderr').map((line) => line.line)).toEqual(Array.from({ length: 200 }, (_, line) => `line ${line}`))
})

test('the load generator is watched', async () => {
  await using scene = await startScene()
  await scene.next((line) => line.kind === 'generator')
  const [line] = scene.of('generator')
  expect(line?.cpuPercent).toBeGreaterThan(0)
  expect(line?.rssBytes).toBeGreaterThan(10 * 2 ** 20)
})

test('drained once nothing is pending, not before', async () => {
  await using scene = await startScene()
  scene.state.eventsPending = 3
  let isDrained = false
  const drained = scene.collector.drained(never).then(() => {
    isDrained = true
  })
  await scene.next((line) => line.kind === 'service' && line.eventsPending === 3)
  await scene.next((line) => line.kind === 'service' && line.eventsPending === 3)
  expect(isDrained).toBe(false)
  scene.state.eventsPending = 0
  await drained
})

test('waiting for a drain ends with an abort', async () => {
  await using scene = await startScene()
  scene.state.eventsPending = 3
  const abort = new AbortController()
  const drained = scene.collector.drained(abort.signal)
  abort.abort(new Error('over'))
  await expect(drained).rejects.toThrow('over')
})

test('after a stop nothing is written: not the end of the service that follows, not an answer that was due', async () => {
  await using scene = await startScene()
  await scene.next((line) => line.kind === 'service')
  scene.state.isSilent = true
  const asked = scene.healthPorts.length
  await vi.waitFor(() => expect(scene.healthPorts.length).toBeGreaterThan(asked))
  await scene.collector.stop()
  const written = scene.lines.length
  expect(scene.lines.at(-1)?.kind).toBe('cgroup')
  scene.exit(killed)
  scene.writeStderr('bye')
  await scene.collector.died
  await new Promise(setImmediate)
  expect(scene.lines.slice(written)).toEqual([])
})

test('both ways to the service are asked at the same moment, where there are two', async () => {
  await using scene = await startScene({ direct: 'closed', healthPath: '/well' })
  await scene.next((line) => line.kind === 'path' && line.path === 'direct')
  await scene.next((line) => line.kind === 'path')
  await scene.collector.stop()
  const [first, second] = scene.of('path').toSorted((a, b) => a.path.localeCompare(b.path))
  expect(first).toMatchObject({ path: 'direct', status: null, failure: { errorClass: 'refused' } })
  expect(second).toMatchObject({ path: 'published', status: 200, failure: null })
  await using single = await startScene()
  await single.next((line) => line.kind === 'health')
  expect(single.of('path')).toEqual([])
})

describe('the engine probe', () => {
  const state: ContainerState = {
    part: 'datastorage',
    image: 'x',
    status: 'running',
    oomKilled: false,
    exitCode: null,
    restartCount: 0,
    memoryLimitBytes: null,
    memoryAndSwapLimitBytes: null,
    cpus: null,
  }
  const witness = (inspect: Engine['inspect']) => {
    const listeners: Parameters<Engine['onEvent']>[0][] = []
    const tell = (action: string, engineEpochMs: number) => {
      const event = { part: 'datastorage', action, engineEpochMs, exitCode: null, signal: null } as const
      for (const listener of listeners) listener(event)
    }
    return {
      tell,
      engine: { name: 'docker', version: '1', onEvent: (one) => void listeners.push(one), inspect } as Engine,
    }
  }

  test('events by the engine’s own clock, the containers before and after, and none after a stop', async () => {
    const states = [state, { ...state, status: 'exited', oomKilled: true }]
    const { engine, tell } = witness(async () => states.splice(0, 1))
    await using scene = await startScene({ engine })
    await scene.next((line) => line.kind === 'inspect')
    const atMs = Date.now()
    tell('oom', atMs + 7_000)
    tell('die', atMs + 7_030)
    await scene.collector.stop()
    tell('destroy', atMs + 9_000)
    const [oom, die, ...more] = scene.of('engine')
    expect([oom?.action, die?.action, more]).toEqual(['oom', 'die', []])
    // When it reached us is another thing.
    expect((oom?.engineMs ?? 0) - (oom?.t ?? 0)).toBeGreaterThan(6_000)
    expect((die?.engineMs ?? 0) - (oom?.engineMs ?? 0)).toBeCloseTo(30)
    expect(scene.of('inspect').map(({ when, status, oomKilled }) => [when, status, oomKilled])).toEqual([
      ['before', 'running', false],
      ['after', 'exited', true],
    ])
  })

  test('an engine that does not show its containers is a failed probe, and ends no run', async () => {
    const { engine } = witness(() => Promise.reject(new Error('the socket is gone')))
    await using scene = await startScene({ engine })
    await scene.collector.stop()
    expect(scene.of('probe-failed').filter(({ probe }) => probe === 'engine')).toMatchObject([
      { message: 'the socket is gone' },
      { message: 'the socket is gone' },
    ])
  })
})
