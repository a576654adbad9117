import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import { judge } from '../judgement/judge.ts'
import { type Picture, times } from '../picture.fixture.ts'
import { manifest } from '../report/verdict.fixture.ts'
import { stormPicture } from '../situations.fixture.ts'
import { cpuTooSmall } from './cpu-too-small.ts'
import { hypotheses } from './index.ts'
import { memoryLimit } from './memory-limit.ts'
import { outsideKill } from './outside-kill.ts'

const GiB = 2 ** 30
const applied = { limiter: 'watchdog', cpusBy: 'affinity' } as const
const killed: Picture = {
  applied,
  memory: '▁▂▃▅▆▇█',
  oomKills: '3333333', // of the whole machine, since it was started
  exit: { t: 6_000, signal: 'SIGKILL' },
  watchdogKill: { t: 5_990, memoryBytes: 2.01 * GiB },
}
const [yes, no, open] = ['supported', 'refuted', 'inconclusive']
const answers = (changed: Partial<Picture>) =>
  [memoryLimit, outsideKill].map((hypothesis) => find(hypothesis, evidence({ ...killed, ...changed })).answer)

describe('a death under the user-space watchdog', () => {
  it.each<[string, Partial<Picture>, (string | undefined)[]]>([
    ['its own kill', {}, [yes, no]],
    ['SIGKILL from somebody else', { watchdogKill: undefined }, [no, yes]],
    ['SIGKILL from somebody else at full memory', { watchdogKill: undefined, memory: '▁▂▃▅▆██' }, [no, yes]],
    ['the kernel, out of memory as a whole', { watchdogKill: undefined, oomKills: '3333334' }, [no, open]],
    ['a kill long before, of a child', { watchdogKill: { t: 1_000, memoryBytes: GiB } }, [no, yes]],
    ['an exit of its own', { watchdogKill: undefined, exit: { t: 6_000, code: 1 } }, [no, no]],
    ['a clean exit of its own', { watchdogKill: undefined, exit: { t: 6_000, code: 0 } }, [no, open]],
    ['no death', { watchdogKill: undefined, exit: undefined }, [no, no]],
  ])('by %s', (_, changed, expected) => {
    expect(answers(changed)).toEqual(expected)
  })

  it('stays open in a record that breaks off', () => {
    const broken = { ...evidence({ ...killed, watchdogKill: undefined }), end: null }
    expect([memoryLimit, outsideKill].map((one) => find(one, broken).answer)).toEqual([open, open])
  })

  it('is told as the deed of a user-space limit', () => {
    const finding = find(memoryLimit, evidence(killed))
    expect(finding.because).toContain('by a user-space limit: 2.01 GiB of 2 GiB at +6.0 s')
    expect(finding.claim).toContain('A user-space watchdog, not the kernel')
    expect(finding.observations[0]?.refs).toEqual(['events.ndjson:7', 'events.ndjson:4'])
  })
})

/** The incident, pinned to one CPU and killed by the watchdog. */
const storm: Picture = {
  ...stormPicture,
  applied,
  throttled: undefined,
  oomKills: times(31, () => 3),
  cpuWait: times(31, () => 1.1),
  watchdogKill: { t: 29_990, memoryBytes: 2.01 * GiB },
}

describe('a CPU limit by pinning', () => {
  it('is too small when threads wait for the CPU that the service uses up', () => {
    const finding = find(cpuTooSmall, evidence(storm))
    expect(finding.answer).toBe('supported')
    expect(finding.because).toContain('threads waited 1.10 s per second for a CPU')
  })

  it.each<[string, Partial<Picture>, string, string]>([
    ['nobody waits for it', { cpuWait: times(31, () => 0.1) }, 'refuted', 'threads waited 0.10 s per second'],
    [
      'others have it',
      { cpu: times(31, () => 0.3) },
      'inconclusive',
      'used 30 % of the CPU it was pinned to: other processes had the rest',
    ],
    ['nobody wants it', { cpu: times(31, () => 0.3), cpuWait: times(31, () => 0) }, 'refuted', 'threads waited 0.00 s'],
    ['the kernel does not count waiting', { cpuWait: undefined }, 'inconclusive', 'no reading of the time'],
    ['CPU time was not read', { cpu: undefined }, 'inconclusive', 'no CPU readings that cover the overload'],
  ])('is not found too small when %s', (_, changed, answer, because) => {
    const finding = find(cpuTooSmall, evidence({ ...storm, ...changed }))
    expect(finding.answer).toBe(answer)
    expect(finding.because).toContain(because)
  })

  it('that is not in force at all leaves the question open, whatever else was seen', () => {
    const nothing = { limiter: 'watchdog', cpus: null, cpusBy: 'nothing', cpusWhyNot: 'only whole CPUs' } as const
    const finding = find(cpuTooSmall, evidence({ ...storm, applied: nothing, requests: [] }))
    expect(finding).toMatchObject({ answer: 'inconclusive', because: 'no CPU limit in force: only whole CPUs' })
  })
})

describe('the verdict', () => {
  const judged = (picture: Picture, expectation = 'memory-limit') =>
    judge({ ...manifest, expect: { expectation, from: 'the scenario' } }, evidence(picture), hypotheses)

  it('tells the whole chain, and never as the kernel’s deed', () => {
    const verdict = judged(storm)
    expect(verdict.headline).toBe(
      'A user-space watchdog, not the kernel, killed DataStorage above its memory limit, at the end of a retry storm that a starved CPU set off.',
    )
    expect(verdict.chain[0]).toMatchObject({ hypothesis: 'cpu-too-small', leadsTo: 'retry-storm' })
    expect(JSON.stringify(verdict)).not.toContain('The kernel killed')
    expect(verdict.expectation).toMatchObject({ held: true, exitCode: 0 })
    expect(verdict.expectation.sentence).toBe(
      'expected a crash by the memory limit: it held, by a user-space watchdog, not a kernel limit (exit 0)',
    )
  })

  const unlimited: Picture = {
    ...storm,
    applied: { limiter: 'watchdog', cpus: null, cpusBy: 'nothing', cpusWhyNot: 'only whole CPUs' },
  }
  it.each(['memory-limit', 'crash', 'survive'])('does not judge “%s” of a run without its CPU limit', (expectation) => {
    const verdict = judged(unlimited, expectation)
    expect(verdict.expectation).toMatchObject({ held: null, exitCode: 3 })
    expect(verdict.expectation.sentence).toContain('not known, the limit of 1 CPU was not in force (exit 3)')
    expect(verdict.headline).toContain('The limit of 1 CPU that was asked for was not in force.')
    expect(verdict.missing).toContain('the limit of 1 CPU was not in force: only whole CPUs')
    expect(verdict.cpu).toEqual({ limitCpus: null, by: 'nothing' })
  })

  it('takes nothing from a run whose watchdog failed', () => {
    const failed = evidence(storm)
    const kill = failed.watchdogKill && ({ ...failed.watchdogKill, why: 'the watchdog failed' } as const)
    const verdict = judge(manifest, { ...failed, watchdogKill: kill }, hypotheses)
    expect(verdict.outcome).toBe('unknown')
    expect(verdict.missing).toContain('the user-space watchdog that limits memory failed')
  })
})
