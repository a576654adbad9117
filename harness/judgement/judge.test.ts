import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import type { Evidence } from '../evidence.ts'
import { hypotheses } from '../hypotheses/index.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { times } from '../picture.fixture.ts'
import type { Manifest } from '../record.ts'
import { client, healthy, stormCrash, stormPicture } from '../situations.fixture.ts'
import { formatAt } from '../units.ts'
import { judge } from './judge.ts'

function manifestOf(evidence: Evidence, expectation = 'any'): Manifest {
  return {
    schemaVersion: 1,
    id: 'run-1',
    scenario: 'drawn',
    startedAt: '2026-01-01T00:00:00.000Z',
    load: evidence.load,
    client: evidence.client,
    limits: evidence.limits,
    phases: evidence.phases,
    poolSize: evidence.poolSize ?? 25,
    seed: 1,
    command: 'npm run scenario high-load -- --seed 1',
    expect: { expectation, from: 'the scenario' },
    runtime: 'embedded',
    git: null,
    versions: { culprit: '0', node: '24' },
    machine: { cpuModel: 'x', cpus: 2, memoryBytes: 1, kernel: 'x' },
  }
}
const judged = (evidence: Evidence, expectation?: string) =>
  judge(manifestOf(evidence, expectation), evidence, hypotheses)
const standing = (evidence: Evidence) => judged(evidence).chain.map((link) => link.hypothesis)

describe('judge', () => {
  it('names trigger, amplifier and death of the incident, and what ties them', () => {
    const verdict = judged(stormCrash(), 'memory-limit')
    expect(verdict).toMatchObject({
      outcome: 'crashed',
      diedMs: 30_000,
      missing: [],
      expectation: { held: true, exitCode: 0 },
    })
    expect(verdict.chain).toEqual([
      {
        role: 'trigger',
        hypothesis: 'cpu-too-small',
        leadsTo: 'retry-storm',
        because: 'it began at +0.0 s, before the first timeout at +5.1 s',
      },
      {
        role: 'amplifier',
        hypothesis: 'retry-storm',
        leadsTo: 'memory-limit',
        because: 'memory follows the backlog (correlation 1.00 without the trend in time)',
      },
      { role: 'death', hypothesis: 'memory-limit', leadsTo: null, because: null },
    ])
  })

  it('finds the same in single events as in batches', () => {
    const storm = stormCrash()
    const attempts = storm.attempts.map((attempt) => ({ ...attempt, operation: 'write-event' as const }))
    expect(judged({ ...storm, attempts })).toEqual(judged(storm))
  })

  it('says that the dead-letter queue was not read back, where that matters', () => {
    const requests = times(30, (index) => `${client(index)}0 ${index * 10}..${index * 10 + 20} accepted`)
    const accepted = { requests, stored: new Map([[client(0), [1]]]) }
    const unread = 'accepted events: the dead-letter queue was not read back'
    expect(judged(healthy(accepted)).missing).toEqual([unread])
    expect(judged(healthy({ ...accepted, queued: new Map() })).missing).toEqual([])
  })

  it('finds no cause in a healthy run, and leaves nothing open', () => {
    const verdict = judged(healthy(), 'survive')
    expect(verdict).toMatchObject({ outcome: 'survived', chain: [], missing: [], expectation: { held: true } })
    const open = verdict.findings.filter((finding) => finding.answer !== 'refuted')
    expect(open.map(({ hypothesis, answer }) => [hypothesis, answer])).toEqual(
      ['port-forwarder', 'outside-pause', 'slow-leak', 'shared-memory'].map((hypothesis) => [
        hypothesis,
        'not exercised',
      ]),
    )
  })

  it('gives the same verdict to the byte', () => {
    expect(JSON.stringify(judged(stormCrash()))).toBe(JSON.stringify(judged(stormCrash())))
  })

  it('does not look at the name of the scenario', () => {
    const [one, other] = ['high-load', 'healthy'].map((scenario) =>
      judge({ ...manifestOf(stormCrash()), scenario }, stormCrash(), hypotheses),
    )
    expect(one?.findings).toEqual(other?.findings)
  })

  it('ties no memory to a backlog that it does not follow', () => {
    const memory = times(31, (second) => (second < 28 ? 0.3 + (second % 2) / 10 : 1))
    const verdict = judged(stormCrash({ memory }))
    expect(verdict.chain.find((link) => link.hypothesis === 'retry-storm')?.leadsTo).toBeNull()
    expect(verdict.headline).toContain('Also found, without a proven tie')
  })

  const tied = (evidence: Evidence) => {
    return judged(evidence).chain.find((link) => link.hypothesis === 'retry-storm')?.leadsTo
  }
  const leak = (bytesPerEventMiB: number) => {
    return times(31, (second) => {
      const events = stormPicture.pending?.[second] as number
      return second === 30 ? 1 : (60 + second * 60 + events * bytesPerEventMiB) / 2048
    })
  }
  it.each([
    ['that grows with time beside the storm', leak(0)],
    ['that grows with time and swings a little with the backlog', leak(0.5)],
  ])('ties no leak %s', (_, memory) => {
    expect(standing(stormCrash({ memory }))).toEqual(['cpu-too-small', 'retry-storm', 'memory-limit'])
    expect(tied(stormCrash({ memory }))).toBeNull()
  })

  it.each(['service', 'cgroup'] as const)('ties nothing through a silence of the %s probe', (probe) => {
    const whole = stormCrash()
    const silent = { ...whole, [probe]: whole[probe].filter(({ t }) => t < 18_000 || t > 22_000) }
    expect(tied(whole)).toBe('memory-limit')
    expect(tied(silent)).toBeNull()
  })

  const missingEvidence: [string, Partial<Evidence>][] = [
    ['attempts', { attempts: [] }],
    ['client summaries', { clients: [] }],
    ['readings of the control group', { cgroup: [] }],
    ["the service's figures", { service: [] }],
    ["PostgreSQL's figures", { postgres: [] }],
    ['limits', { appliedLimits: null }],
    ['the exit', { exit: null }],
    ['stored events', { stored: null }],
    ['all probes', { cgroup: [], service: [], postgres: [], stored: null }],
    ['an end', { end: null }],
    [
      'everything',
      {
        attempts: [],
        clients: [],
        cgroup: [],
        service: [],
        postgres: [],
        stored: null,
        appliedLimits: null,
        exit: null,
        end: null,
      },
    ],
  ]
  it.each(missingEvidence)('accuses nothing new without %s', (_, without) => {
    const whole = standing(stormCrash())
    for (const cause of standing({ ...stormCrash(), ...without })) expect(whole).toContain(cause)
  })
  it.each(missingEvidence)('acquits none of the culprits without %s', (_, without) => {
    const verdict = judged({ ...stormCrash(), ...without })
    const culprits = verdict.findings.filter((finding) => standing(stormCrash()).includes(finding.hypothesis))
    for (const finding of culprits) expect(finding).not.toMatchObject({ answer: 'refuted' })
  })

  it.each<[string, Partial<Evidence>, string]>([
    [
      'a warm-up with errors',
      { warmUp: { kind: 'warm-up', t: -500, ref: 'x', attempts: 5, failed: 2 } },
      'the warm-up was not clean: 2 of 5 attempts failed',
    ],
    ['no warm-up', { warmUp: null }, 'the warm-up is not on record'],
    ['no burst', { burst: null }, 'the burst never began'],
    [
      'a death before the burst',
      { exit: { kind: 'exit', t: -200, ref: 'x', pid: 7, code: null, signal: 'SIGKILL' } },
      'DataStorage ended at -0.2 s, before the burst',
    ],
    ['no end', { end: null }, 'the record has no end: the harness itself broke off'],
    [
      'an interruption',
      { end: { kind: 'end', t: 31_000, ref: 'x', reason: 'interrupted' } },
      'the run was interrupted at +31.0 s',
    ],
    [
      'a harness that failed',
      { end: { kind: 'end', t: 31_000, ref: 'x', reason: 'error', message: 'disk full' } },
      'the harness failed at +31.0 s: disk full',
    ],
  ])('claims nothing after %s, but states the death', (_, changed, reason) => {
    const verdict = judged({ ...stormCrash(), ...changed }, 'memory-limit')
    const diedMs = changed.exit?.t ?? 30_000
    expect(verdict).toMatchObject({
      outcome: 'unknown',
      diedMs,
      chain: [],
      expectation: { held: null, exitCode: 3 },
    })
    expect(verdict.missing[0]).toBe(reason)
    expect(verdict.headline).toBe(`DataStorage died at ${formatAt(diedMs)}; why is not known: ${reason}.`)
    for (const finding of verdict.findings.filter((one) => one.role !== 'instrument')) {
      expect(finding).toMatchObject({ answer: 'inconclusive', because: reason })
    }
  })

  it('claims nothing when the generator was saturated, except that it was', () => {
    const late = times(30, (index) => `${client(index)}0 1000..1050+200 ok`)
    const verdict = judged(healthy({ requests: late }), 'survive')
    expect(verdict).toMatchObject({ outcome: 'unknown', expectation: { held: null, exitCode: 3 } })
    expect(verdict.missing[0]).toBe('the load generator was saturated: send delay p99 200 ms of 100 ms allowed')
    expect(verdict.findings.find((finding) => finding.role === 'instrument')?.answer).toBe('supported')
  })

  it('does not claim a survival while the backlog has not drained', () => {
    const verdict = judged(
      stormCrash({ exit: undefined, oomKills: times(31, () => 0), endMs: 30_000, endReason: 'time-limit' }),
      'survive',
    )
    expect(verdict).toMatchObject({ outcome: 'unknown', diedMs: null, expectation: { held: null, exitCode: 3 } })
    expect(verdict.missing[0]).toBe('the backlog had not drained by +30.0 s')
  })

  describe('says whose doing an unknown outcome is', () => {
    const inWarmUp = (how: string) => {
      const { attempts } = evidence({ requests: [`warm-upa0 -2000..0 ${how}`] })
      return attempts.map((attempt) => ({ ...attempt, phase: 'warm-up' as const, endedMs: -1_900 }))
    }
    const unclean = (how: string) => ({
      ...healthy(),
      attempts: [...inWarmUp(how), ...healthy().attempts],
      warmUp: { kind: 'warm-up' as const, t: -500, ref: 'x', attempts: 5, failed: 1 },
    })
    const exit = { kind: 'exit' as const, t: -200, ref: 'x', pid: 7, code: 1, signal: null }
    const late = times(30, (index) => `${client(index)}0 1000..1050+200 ok`)
    const interrupted = { kind: 'end' as const, t: 31_000, ref: 'x', reason: 'interrupted' as const }
    it.each<[string, Evidence, string | undefined]>([
      ['an error in the warm-up', unclean('5xx'), 'failed in the warm-up'],
      ['a request that never left this machine', unclean('local'), undefined],
      ['an error in the warm-up of a run that was interrupted', { ...unclean('5xx'), end: interrupted }, undefined],
      ['a death in the warm-up', { ...unclean('reset'), exit }, 'died before the burst'],
      ['a backlog', healthy({ endMs: 30_000, endReason: 'time-limit' }), 'not drained in time'],
      [
        'a backlog of a tired generator',
        healthy({ requests: late, endMs: 30_000, endReason: 'time-limit' }),
        undefined,
      ],
      ['a clean run', healthy(), undefined],
      ['a crash', stormCrash(), undefined],
    ])('%s', (_, drawn, failure) => expect(judged(drawn).serviceFailure).toBe(failure))
  })

  it('calls a run without load not exercised', () => {
    const idle = healthy({ requests: [] })
    const clients = [{ kind: 'client' as const, t: 0, ref: 'x', client: 'a', emitted: 0, unfinished: 0, jsonBytes: 0 }]
    const verdict = judged({ ...idle, clients })
    expect(verdict.findings.map((finding) => finding.answer)).toEqual(hypotheses.map(() => 'not exercised'))
    expect(verdict.headline).toBe('DataStorage survived; no load was sent.')
  })

  it('does not let a broken rule speak', () => {
    const broken: Hypothesis = {
      name: 'broken',
      label: 'broken',
      role: 'trigger',
      claim: '',
      phrase: '',
      perturbations: [],
      predictions: [
        {
          statement: 'x',
          necessary: true,
          observe: () => {
            throw new Error('boom')
          },
        },
      ],
    }
    const verdict = judge(manifestOf(healthy()), healthy(), [broken])
    expect(verdict.findings[0]).toMatchObject({
      answer: 'inconclusive',
      because: 'this prediction could not be checked: boom',
    })
    expect(verdict.missing).toEqual(['broken: this prediction could not be checked: boom'])
  })
})
