import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import type { Evidence } from '../evidence.ts'
import { find } from '../judgement/find.ts'
import { judge } from '../judgement/judge.ts'
import { type Picture, times } from '../picture.fixture.ts'
import { hypotheses } from './index.ts'
import { memoryLimit } from './memory-limit.ts'
import { outsideKill } from './outside-kill.ts'
import { outsidePause } from './outside-pause.ts'
import { portForwarder } from './port-forwarder.ts'
import { sharedMemory } from './shared-memory.ts'
import { uncaughtException } from './uncaught-exception.ts'

type Engine = Evidence['engine'][number]
const event = (action: string, engineMs: number, more: Partial<Engine> = {}): Engine => ({
  kind: 'engine',
  t: engineMs + 5,
  ref: `events.ndjson:${Math.round(engineMs)}`,
  part: 'datastorage',
  action,
  engineMs,
  exitCode: null,
  signal: null,
  ...more,
})
const inEngine = (picture: Picture, engine: Engine[]): Evidence => {
  return { ...evidence({ ...picture, applied: { limiter: 'engine' } }), engine }
}
const oom = { memory: '▁▃▅▇█', oomKills: '00001' }
const calm = { memory: '▁▂▂▂▂', oomKills: '00000' }
const killed = { exit: { t: 4_000, signal: 'SIGKILL' } }
const die = event('die', 3_990, { exitCode: 137 })
const [yes, no, open] = ['supported', 'refuted', 'inconclusive']

describe('a death in a container', () => {
  it.each<[string, Evidence, (string | undefined)[]]>([
    ['oom, die', inEngine({ ...oom, ...killed }, [event('oom', 3_950), die]), [yes, no]],
    ['Podman: the counter alone', inEngine({ ...oom, ...killed }, [die]), [yes, no]],
    ['the stream broke off: the counter alone', inEngine({ ...oom, ...killed }, []), [yes, no]],
    ['kill, die', inEngine({ ...calm, ...killed }, [event('kill', 3_980, { signal: 'SIGKILL' }), die]), [no, yes]],
    ['die alone, the counter flat: from the host', inEngine({ ...calm, ...killed }, [die]), [no, yes]],
    [
      'a child is OOM-killed, then somebody kills the rest',
      inEngine({ ...oom, ...killed }, [event('oom', 3_500), event('kill', 3_980, { signal: 'SIGKILL' }), die]),
      [no, yes],
    ],
    [
      'stopped, and it took its time to end in good order',
      inEngine({ ...calm, exit: { t: 4_000, code: 0 } }, [event('kill', 1_000, { signal: 'SIGTERM' }), die]),
      [no, yes],
    ],
    [
      'an end in good order that nobody asked for',
      inEngine({ ...calm, exit: { t: 4_000, code: 0 } }, [die]),
      [no, open],
    ],
    [
      'a signal long before has nothing to do with an OOM kill',
      inEngine({ ...oom, ...killed }, [event('kill', 100, { signal: 'SIGKILL' }), event('oom', 3_950), die]),
      [yes, no],
    ],
    [
      'a signal that asks for something else, then an OOM kill',
      inEngine({ ...oom, ...killed }, [event('kill', 3_000, { signal: 'SIGHUP' }), event('oom', 3_950), die]),
      [yes, no],
    ],
    [
      'asked to end, and OOM-killed while it took its time',
      inEngine({ ...oom, ...killed }, [event('kill', 1_000, { signal: 'SIGTERM' }), event('oom', 3_950), die]),
      [yes, no],
    ],
    [
      'the same on Podman, which names no signal and no OOM kill',
      inEngine({ ...oom, ...killed }, [event('kill', 1_000), die]),
      [yes, no],
    ],
    ['a kill on Podman', inEngine({ ...calm, ...killed }, [event('kill', 3_970), die]), [no, yes]],
    [
      'a kill and the kernel at once: either may have been first',
      inEngine({ ...oom, ...killed }, [event('kill', 3_900, { signal: 'SIGKILL' }), event('oom', 3_950), die]),
      [open, open],
    ],
    [
      'a kill that the engine tells of after the end',
      inEngine({ ...oom, ...killed }, [event('oom', 3_500), die, event('kill', 4_000, { signal: 'SIGKILL' })]),
      [no, yes],
    ],
    [
      'a kill of what was started again says nothing of the end before',
      inEngine({ ...oom, ...killed }, [
        event('oom', 3_950),
        die,
        event('start', 4_300),
        event('kill', 4_800, { signal: 'SIGKILL' }),
      ]),
      [yes, no],
    ],
    [
      "V8's heap limit while it was asked to end",
      inEngine({ ...calm, exit: { t: 4_000, signal: 'SIGABRT' } }, [event('kill', 3_000, { signal: 'SIGTERM' }), die]),
      [no, no],
    ],
    [
      "an OOM kill of a child, and the container's own end long after",
      inEngine({ ...calm, oomKills: '01111', ...killed }, [event('oom', 900), die]),
      [no, yes],
    ],
    ['no counter, no kill', inEngine({ memory: '▁▂▂▂▂', ...killed }, [die]), [no, open]],
    [
      'no counter at the limit, and oom',
      inEngine({ memory: '▁▃▅▇█', ...killed }, [event('oom', 3_950), die]),
      [open, open],
    ],
  ])('%s', (_, drawn, expected) => {
    expect([memoryLimit, outsideKill].map((one) => find(one, drawn).answer)).toEqual(expected)
  })

  it('tells an error exit that somebody asked for from one of its own', () => {
    const exit = { t: 4_000, code: 1 }
    const ended = event('die', 3_990, { exitCode: 1 })
    const asked = inEngine({ ...calm, exit }, [event('kill', 3_000, { signal: 'SIGTERM' }), ended])
    const answers = (drawn: Evidence) => [uncaughtException, outsideKill].map((one) => find(one, drawn).answer)
    expect(answers(asked)).toEqual([open, yes])
    expect(answers(inEngine({ ...calm, exit }, [ended]))).toEqual([yes, no])
  })

  it('names nobody for an OOM kill of a child that the service survived', () => {
    const drawn = inEngine(oom, [event('oom', 3_950)])
    expect(hypotheses.map((one) => find(one, drawn)).filter(({ answer }) => answer === yes)).toEqual([])
  })

  it('tells a victim of the shared limit from one that somebody killed, by the order of events', () => {
    const shared: Picture = {
      ...killed,
      memory: '▁▂▄▆▇',
      oomKills: '00001',
      parts: {
        stack: { memory: '▂▃▅▇█' },
        postgres: { memory: '▁▁▁▁▁', oomKills: '00000' },
        redis: { memory: '▁▁▁▁▁', oomKills: '00000' },
      },
      applied: { limiter: 'engine', memoryScope: 'stack' },
    }
    const innocents = [event('oom', 3_940, { part: 'postgres' }), event('oom', 3_941, { part: 'redis' })]
    const drawn = (engine: Engine[]): Evidence => ({ ...evidence(shared), engine })
    const answers = (one: Evidence) => [sharedMemory, outsideKill].map((hypothesis) => find(hypothesis, one).answer)
    expect(answers(drawn([...innocents, event('oom', 3_942), die]))).toEqual([yes, no])
    expect(find(sharedMemory, drawn([...innocents, die])).part).toBeUndefined()
    expect(answers(drawn([event('kill', 3_980, { signal: 'SIGKILL' }), die]))).toEqual([no, yes])
  })

  it('shows OOMKilled, and does not trust it', () => {
    const state = { part: 'datastorage', image: 'x', status: 'exited', exitCode: 137, restartCount: 0 } as const
    const limits = { memoryLimitBytes: null, memoryAndSwapLimitBytes: null, cpus: null }
    const after = { kind: 'inspect', when: 'after', t: 9_000, ref: 'events.ndjson:90', ...state, ...limits } as const
    const died = (oomKilled: boolean) => ({
      ...inEngine({ ...oom, ...killed }, [die]),
      inspects: [{ ...after, oomKilled }],
    })
    for (const flag of [true, false]) expect(find(memoryLimit, died(flag)).answer).toBe('supported')
    expect(JSON.stringify(find(memoryLimit, died(false)))).toContain('OOMKilled is false (not trusted)')
    const innocent = inEngine({ ...calm, ...killed }, [event('kill', 3_980, { signal: 'SIGKILL' }), die])
    expect(find(memoryLimit, { ...innocent, inspects: [{ ...after, oomKilled: true }] }).answer).toBe('refuted')
  })
})

describe('outside pause', () => {
  const paused = { memory: '▁▁▁▁▁▁▁▁▁▁', requests: ['a0 1000..6000 timeout'] }
  it('is seen in the engine alone, and is what made writes stand still', () => {
    const drawn = inEngine(paused, [event('pause', 1_000), event('unpause', 8_000)])
    expect(find(outsidePause, drawn).answer).toBe('supported')
    expect(find(outsidePause, inEngine(paused, [event('start', -3_000)])).answer).toBe('refuted')
    expect(find(outsidePause, inEngine(paused, [])).answer).toBe('inconclusive')
    expect(find(outsidePause, evidence(paused)).answer).toBe('not exercised')
  })
})

describe('port forwarder', () => {
  const paths = (how: (at: number) => readonly [published: boolean, direct: boolean]): Evidence['paths'] => {
    return times(10, (at) => {
      const line = (path: 'published' | 'direct', isOk: boolean) => {
        const failure = isOk ? null : ({ errorClass: 'reset' } as const)
        const ref = `probes.ndjson:${at}${path}`
        return { kind: 'path' as const, t: at * 500 + 3, tookMs: 3, path, status: isOk ? 200 : null, failure, ref }
      }
      const [published, direct] = how(at)
      return [line('published', published), line('direct', direct)]
    }).flat()
  }
  const drawn = (how: Parameters<typeof paths>[0], picture: Picture = {}) => {
    const requests = ['a0 2000..2010 reset']
    return { ...evidence({ memory: '▁▁▁▁▁▁', requests, ...picture }), paths: paths(how) }
  }
  const endAt = (t: number) => ({ kind: 'end' as const, t, ref: 'events.ndjson:9', reason: 'drained' as const })
  /** The published port runs out of time, the container answers after so long. */
  const slow = (directMs: number): Evidence => {
    const lines = paths((at) => [at < 4 || at > 8, true]).map((line) => {
      const tookMs = line.status === null ? 2_000 : line.path === 'direct' ? directMs : line.tookMs
      const failure = line.status === null ? ({ errorClass: 'timeout' } as const) : null
      return { ...line, failure, tookMs, t: line.t - line.tookMs + tookMs }
    })
    return { ...evidence({ memory: '▁▁▁▁▁▁▁▁', requests: ['a0 2000..7000 timeout'] }), paths: lines }
  }

  it('calls what the published port does after a death its consequence', () => {
    const dead = drawn((at) => [at < 4, at < 4], { exit: { t: 2_000, code: 1 } })
    const finding = find(portForwarder, dead)
    expect(finding.answer).toBe('refuted')
    expect(finding.observations.at(-1)?.because).toContain('a consequence of it')
  })

  it.each<[string, Evidence, string | undefined]>([
    ['published fails, direct answers', drawn((at) => [at < 4 || at > 8, true]), yes],
    ['both fail alike', drawn((at) => [at < 4, at < 4]), no],
    ['both answer', drawn(() => [true, true]), no],
    ['once is chance', drawn((at) => [at !== 5, true]), no],
    ['the service is dead', drawn((at) => [at < 4, true], { exit: { t: 2_000, code: 1 } }), no],
    ['requests fail at another time', drawn((at) => [at < 4 || at > 8, true], { requests: ['a0 100..110 reset'] }), no],
    ['it was watched in the beginning alone', { ...drawn(() => [true, true]), end: endAt(30_000) }, open],
    ['the service is slow, and one question is just in time', slow(1_950), no],
    ['only the way is slow', slow(20), yes],
    ['one way alone', evidence({ memory: '▁▁▁▁▁▁', requests: ['a0 2000..2010 reset'] }), 'not exercised'],
  ])('%s', (_, picture, expected) => {
    expect(find(portForwarder, picture).answer).toBe(expected)
  })
})

describe('a service that nobody here can look into', () => {
  const health = (t: number, status: number | null) => {
    return { kind: 'health' as const, t, tookMs: 2, status, failure: null, ref: `probes.ndjson:h${t}` }
  }
  const requests = times(30, (index) => `rr-${index}r0 ${index * 100}..${index * 100 + 20} ok`)
  const target = (changed: Partial<Evidence>): Evidence => ({
    ...evidence({ requests, endMs: 9_000, endReason: 'load-over' }),
    stackReady: { kind: 'stack-ready', t: -3_000, ref: 'events.ndjson:1', pid: null, versions: {} },
    appliedLimits: null,
    poolSize: null,
    ...changed,
  })
  const verdictOf = (drawn: Evidence) => {
    const manifest = {
      schemaVersion: 1,
      id: 'run-1',
      scenario: 'drawn',
      startedAt: '2026-01-01T00:00:00.000Z',
      load: drawn.load,
      client: drawn.client,
      limits: drawn.limits,
      phases: drawn.phases,
      poolSize: 25,
      seed: 1,
      command: '',
      expect: { expectation: 'any', from: 'a changed knob' },
      runtime: 'target',
      git: null,
      versions: { culprit: '0', node: '24' },
      machine: { cpuModel: 'x', cpus: 2, memoryBytes: 1, kernel: 'x' },
    } as const
    return judge(manifest, drawn, hypotheses)
  }

  it('survived, if it answers at the end and has answered everything; no cause that needs more is refuted or fine', () => {
    const verdict = verdictOf(target({ health: [health(8_900, 200)] }))
    expect(verdict).toMatchObject({ outcome: 'survived', chain: [], plausibility: { poolSize: null } })
    expect(verdict.missing.join()).toContain('not read back')
    const answers = new Map(verdict.findings.map(({ hypothesis, answer }) => [hypothesis, answer]))
    expect(['memory-growth', 'shared-memory'].map((name) => answers.get(name))).toEqual([open, open])
  })

  it('is neither dead nor alive when it gives no answer at the end', () => {
    const drawn = target({ health: [health(1_000, 200), health(8_900, null)] })
    const verdict = verdictOf(drawn)
    expect(verdict.outcome).toBe('unknown')
    expect(verdict.headline).toContain('nobody here can see')
    expect(find(memoryLimit, drawn).answer).toBe('inconclusive')
    expect(find(outsideKill, drawn).answer).toBe('inconclusive')
  })

  it('may have died and been started again when it gave no connection for a while', () => {
    const lost = { ...health(4_000, null), failure: { errorClass: 'refused' as const } }
    const drawn = target({ health: [health(1_000, 200), lost, health(8_900, 200)] })
    const verdict = verdictOf(drawn)
    expect(verdict.outcome).toBe('unknown')
    expect(verdict.headline).toContain('it gave no connection at +4.0 s')
    expect(find(memoryLimit, drawn).answer).toBe('inconclusive')
  })

  it('may work on what its clients gave up: then it has not survived yet', () => {
    const drawn = evidence({ requests: [...requests, 'a0 1000..6000 timeout'], endMs: 9_000, endReason: 'load-over' })
    const verdict = verdictOf(target({ attempts: drawn.attempts, health: [health(8_900, 200)] }))
    expect(verdict.outcome).toBe('unknown')
    const answerOf = (name: string) => verdict.findings.find((finding) => finding.hypothesis === name)?.answer
    const blind = ['pool-exhaustion', 'cpu-too-small', 'batch-blocked', 'database-down']
    expect(blind.map(answerOf)).toEqual(blind.map(() => 'inconclusive'))
  })
})
