import { expect, test } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import type { Evidence } from '../evidence.ts'
import type { Picture } from '../picture.fixture.ts'
import { ranIn } from './ran-in.ts'
import { timeline } from './timeline.ts'

type Engine = Evidence['engine'][number]
const event = (action: string, engineMs: number, part: Engine['part'] = 'datastorage'): Engine => {
  return { kind: 'engine', t: engineMs, ref: 'events.ndjson:7', part, action, engineMs, exitCode: null, signal: null }
}
const drawn = (picture: Picture, oomKilled: boolean | null, engine: Engine[] = []): Evidence => ({
  ...evidence({ ...picture, applied: { limiter: 'engine' } }),
  stackReady: {
    kind: 'stack-ready',
    t: -3_000,
    ref: 'events.ndjson:1',
    runtime: 'docker',
    pid: 7,
    versions: { docker: '20.10.24', redis: '7' },
  },
  engine,
  inspects: (['before', 'after'] as const).map((when) => ({
    kind: 'inspect',
    t: 0,
    ref: 'events.ndjson:8',
    when,
    part: 'datastorage',
    image: 'x',
    status: when,
    oomKilled: when === 'after' ? oomKilled : false,
    exitCode: null,
    restartCount: 0,
    memoryLimitBytes: null,
    memoryAndSwapLimitBytes: null,
    cpus: null,
  })),
})
const killed: Picture = { memory: '▁▃▅▇█', oomKills: '00001', exit: { t: 4_000, signal: 'SIGKILL' } }

test('the engine, its telling events in its own order, and the containers as they were after the run', () => {
  const engine = [event('start', -2_000), event('die', 4_000), event('oom', 3_950), event('destroy', 9_000)]
  const found = ranIn(drawn(killed, true, engine))
  expect(found).toMatchObject({ runtime: 'docker', version: '20.10.24', doubts: [] })
  expect(found?.events.map(({ action }) => action)).toEqual(['oom', 'die'])
  expect(found?.containers).toMatchObject([{ status: 'after', oomKilled: true }])
  expect(ranIn(evidence(killed))).toBeNull()
})

test.each<[string, Evidence, string[]]>([
  ['Podman leaves it false', drawn(killed, false), ['is false, though']],
  ['true of an innocent', drawn({ ...killed, oomKills: '00000' }, true), ['is true, though']],
  ['true, and the counter ends too early to contradict', drawn({ ...killed, oomKills: '00   ' }, true), []],
  ['true, and nothing was counted', drawn({ ...killed, oomKills: undefined }, true), []],
  ['the engine does not say', drawn(killed, null), []],
])('OOMKilled against the kernel: %s', (_, found, doubts) => {
  const told = ranIn(found)?.doubts ?? []
  expect(told).toHaveLength(doubts.length)
  for (const [index, doubt] of doubts.entries()) expect(told[index]).toContain(doubt)
})

test('a service that is started again: when, how health failed, and when it was back', () => {
  const health = ([t, how]: readonly [number, 'refused' | 'reset' | null]): Evidence['health'][number] => {
    const failure = how && { errorClass: how }
    return { kind: 'health', t, tookMs: 2, status: how ? null : 200, failure, ref: 'probes.ndjson:1' }
  }
  const seen = [
    [1_000, null],
    [4_100, 'refused'],
    [4_400, 'reset'],
    [5_000, 'reset'],
    [5_300, null],
  ] as const
  const engine = [event('start', -2_000), event('die', 4_000), event('start', 4_300), event('start', 4_300, 'redis')]
  expect(timeline({ ...drawn(killed, true, engine), health: seen.map(health) })).toMatchObject({
    startedAgainMs: [4_300],
    healthErrors: [
      { errorClass: 'refused', count: 1, firstMs: 4_100 },
      { errorClass: 'reset', count: 2, firstMs: 4_400, lastMs: 5_000 },
    ],
    healthBackMs: 5_300,
  })
})
