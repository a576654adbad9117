import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import type { Evidence } from '../evidence.ts'
import { find } from '../judgement/find.ts'
import { judge } from '../judgement/judge.ts'
import { type Picture, times } from '../picture.fixture.ts'
import { manifest } from '../report/verdict.fixture.ts'
import { healthyPicture, stormPicture } from '../situations.fixture.ts'
import { hypotheses } from './index.ts'
import { memoryLimit } from './memory-limit.ts'
import { outsideKill } from './outside-kill.ts'
import { sharedMemory } from './shared-memory.ts'

const applied = { memoryScope: 'stack' } as const
const calmPart = { memory: [0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05], oomKills: '0000000' }

/** The service grows and is killed at +6 s, at the limit of all. */
const serviceDies: Picture = {
  applied,
  memory: [0.1, 0.2, 0.4, 0.6, 0.7, 0.8, 0.85],
  oomKills: '0000001',
  parts: { postgres: calmPart, redis: calmPart, stack: { memory: [0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1] } },
  exit: { t: 6_000, signal: 'SIGKILL' },
}
/** The service grows, Redis is the largest and dies at +4 s, the service lives. */
const redisDies: Picture = {
  ...serviceDies,
  memory: [0.1, 0.2, 0.3, 0.35, 0.35, 0.35, 0.35],
  oomKills: '0000000',
  parts: {
    ...serviceDies.parts,
    redis: { memory: [0.55, 0.55, 0.55, 0.55, 0, 0, 0], oomKills: '0000111' },
    stack: { memory: [0.7, 0.8, 0.9, 1, 0.4, 0.4, 0.4] },
  },
  partExits: [{ part: 'redis', t: 3_010, signal: 'SIGKILL' }],
  exit: undefined,
}
/** A session of PostgreSQL takes it all at once and dies at +3 s; the server restarts its sessions. */
const sessionDies: Picture = {
  ...redisDies,
  memory: [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1],
  parts: {
    redis: calmPart,
    postgres: { memory: [0.1, 0.4, 0.8, 0.1, 0.1, 0.1, 0.1], oomKills: '0001111' },
    stack: { memory: [0.25, 0.6, 1, 0.25, 0.25, 0.25, 0.25] },
  },
  partExits: [],
}

const judgedBy = (picture: Picture) =>
  [sharedMemory, memoryLimit, outsideKill].map((one) => find(one, evidence(picture)).answer)
const [yes, no, open, never] = ['supported', 'refuted', 'inconclusive', 'not exercised']
const verdictOf = (given: Evidence, expectation = 'any') =>
  judge({ ...manifest, limits: given.limits, expect: { expectation, from: '--expect' } }, given, hypotheses)
const headlineOf = (picture: Picture) => verdictOf(evidence(picture)).headline

describe('at a limit that the whole stack shares', () => {
  it.each<[string, Picture, (string | undefined)[]]>([
    ['the service is killed', serviceDies, [yes, never, no]],
    ['Redis is killed, the service lives', redisDies, [yes, never, no]],
    ['a PostgreSQL session is killed, the server and the service live', sessionDies, [yes, never, no]],
    ['nobody is killed', { ...serviceDies, oomKills: '0000000', exit: undefined }, [no, never, no]],
    ['somebody else kills the service', { ...serviceDies, oomKills: '0000000' }, [no, never, yes]],
    [
      'the service is killed, but by the machine around it',
      { ...serviceDies, parts: { ...serviceDies.parts, stack: { memory: [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.7] } } },
      [no, never, no],
    ],
    [
      'Redis is killed, and somebody else kills the service later',
      { ...redisDies, exit: { t: 6_000, signal: 'SIGKILL' } },
      [yes, never, yes],
    ],
  ])('%s', (_, picture, answers) => {
    expect(judgedBy(picture)).toEqual(answers)
  })

  it.each<[string, Partial<Picture>, string]>([
    ['the whole was not measured', { parts: { postgres: calmPart, redis: calmPart } }, "the whole stack's memory peak"],
    ['the service’s counter was not', { oomKills: undefined }, 'no reading of oom_kill'],
  ])('stays open where %s', (_, changed, because) => {
    const finding = find(sharedMemory, evidence({ ...serviceDies, ...changed }))
    expect(finding).toMatchObject({ answer: open, because: expect.stringContaining(because) })
  })

  it('stays open for a survivor where a part’s counter was not read, or not to the end', () => {
    const survivor = { ...serviceDies, oomKills: '0000000', exit: undefined }
    for (const redis of [{ memory: calmPart.memory }, { memory: calmPart.memory, oomKills: '000' }]) {
      const finding = find(sharedMemory, evidence({ ...survivor, parts: { ...survivor.parts, redis } }))
      expect(finding).toMatchObject({ answer: open, because: expect.stringContaining('oom_kill of Redis was') })
    }
  })

  it('stays open in a record that breaks off', () => {
    expect(find(sharedMemory, { ...evidence(redisDies), end: null }).answer).toBe(open)
  })
})

describe('where the service has a limit of its own', () => {
  it('shared memory is not exercised, and the memory limit is', () => {
    expect(judgedBy({ ...serviceDies, applied: {}, memory: '▁▂▃▅▆▇█' })).toEqual([never, yes, no])
  })

  it('the same where no limit was read back and none over the stack was asked for', () => {
    const given = { ...evidence(serviceDies), appliedLimits: null }
    expect(find(sharedMemory, given).answer).toBe(never)
    const asked = { ...given, limits: { ...given.limits, memoryScope: 'stack' as const } }
    expect(find(sharedMemory, asked)).toMatchObject({
      answer: open,
      because: expect.stringContaining('was not read back'),
    })
  })
})

describe('the verdict names the victim, and who grew', () => {
  it.each([
    [
      'the same part',
      serviceDies,
      'The kernel killed DataStorage at the memory limit that the whole stack shares, as DataStorage grew by 1.5 GiB.',
    ],
    [
      'two parts',
      redisDies,
      'The kernel killed Redis at +4.0 s at the memory limit that the whole stack shares, as DataStorage grew by 511 MiB. DataStorage survived; no load was sent.',
    ],
    [
      'a process of a server that lives on',
      sessionDies,
      'The kernel killed a process of PostgreSQL at +3.0 s at the memory limit that the whole stack shares, as PostgreSQL grew by 1.4 GiB. DataStorage survived; no load was sent.',
    ],
    [
      'two that grew alike',
      {
        ...serviceDies,
        memory: [0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5],
        parts: { ...serviceDies.parts, redis: { memory: [0.1, 0.2, 0.3, 0.35, 0.4, 0.4, 0.4], oomKills: '0000000' } },
      },
      'The kernel killed DataStorage at the memory limit that the whole stack shares, as DataStorage grew by 819 MiB and Redis grew by 614 MiB.',
    ],
    [
      'first one, then the other',
      {
        ...serviceDies,
        parts: { ...serviceDies.parts, postgres: { memory: calmPart.memory, oomKills: '0011111' } },
      },
      'The kernel killed a process of PostgreSQL at +2.0 s and then DataStorage at the memory limit that the whole stack shares, as DataStorage grew by 1.5 GiB.',
    ],
  ])('%s', (_, picture, headline) => {
    expect(headlineOf(picture)).toBe(headline)
  })

  it.each<[string, Picture]>([
    ['the memory was taken before the burst', { ...redisDies, memory: [0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4] }],
    ['a part was not measured', { ...redisDies, parts: { ...redisDies.parts, postgres: { oomKills: '0000000' } } }],
    ['most of the growth is in nobody’s own memory', { ...redisDies, memory: [0.1, 0.1, 0.15, 0.2, 0.2, 0.2, 0.2] }],
  ])('nobody grew, as far as is known, where %s', (_, picture) => {
    expect(headlineOf(picture)).toMatch(
      /^The kernel killed Redis at \+4\.0 s at the memory limit that the whole stack shares\./,
    )
  })

  it('a survivor’s errors stand beside another part’s death, and are not blamed on it', () => {
    const verdict = verdictOf(
      evidence({ ...redisDies, requests: ['a0 5000..5100 5xx', 'b0 5200..5300 ok'], stored: new Map([['b', [2]]]) }),
    )
    expect(verdict.outcome).toBe('survived')
    expect(verdict.headline).toMatch(/^The kernel killed Redis .* DataStorage survived, but .*: whether that is why/)
    expect(verdict.chain).toEqual([
      { role: 'death', hypothesis: 'shared-memory', leadsTo: null, because: null, part: 'redis' },
    ])
    const order = verdict.findings.find((one) => one.hypothesis === 'shared-memory')?.observations[3]
    expect(order).toMatchObject({ result: 'seen', because: 'first failed request at +5.1 s, the kill at +4.0 s' })
  })

  it('a service that ended itself after Redis was killed has two deaths told, not one of two', () => {
    const { headline, chain, expectation } = verdictOf(
      evidence({ ...redisDies, exit: { t: 5_000, code: 1 }, memory: redisDies.memory }),
      'crash',
    )
    expect(headline).toMatch(
      /^The kernel killed Redis at \+4\.0 s .*\. DataStorage ended itself with a non-zero exit code\.$/,
    )
    expect(chain.map(({ hypothesis, part }) => [hypothesis, part])).toEqual([
      ['shared-memory', 'redis'],
      ['uncaught-exception', undefined],
    ])
    expect(expectation.held).toBe(true)
  })

  it('another part’s death does not explain that of the service', () => {
    const { expectation } = verdictOf(evidence({ ...redisDies, exit: { t: 5_000, signal: 'SIGABRT' } }))
    expect(expectation).toMatchObject({ held: null, exitCode: 3 })
  })
})

describe('a retry storm that ends at a shared limit', () => {
  const storm: Picture = {
    ...stormPicture,
    applied,
    memory: times(31, (second) => (second === 30 ? 0.9 : 0.9 * ((stormPicture.memory?.[second] as number) ?? 0))),
    parts: {
      postgres: { memory: times(36, () => 0.03), oomKills: times(36, () => 0) },
      redis: { memory: times(36, () => 0.01), oomKills: times(36, () => 0) },
      stack: { memory: times(31, (second) => (second === 30 ? 1 : 0.5)) },
    },
  }

  it('is told as a whole chain', () => {
    const verdict = verdictOf(evidence(storm), 'shared-memory')
    expect(verdict.chain.map((link) => [link.hypothesis, link.leadsTo])).toEqual([
      ['cpu-too-small', 'retry-storm'],
      ['retry-storm', 'shared-memory'],
      ['shared-memory', null],
    ])
    expect(verdict.headline).toMatch(/the whole stack shares, as DataStorage grew by .*, at the end of a retry storm/)
    expect(verdict.memory).toMatchObject({ scope: 'stack', peakBytes: 2 ** 31 })
    expect(verdict.expectation).toMatchObject({ held: true, exitCode: 0 })
  })

  it('is not tied to a death at which another part had grown as well', () => {
    const redis = { memory: times(36, (second) => 0.01 + Math.min(second, 30) / 120), oomKills: times(36, () => 0) }
    const verdict = verdictOf(evidence({ ...storm, parts: { ...storm.parts, redis } }))
    expect(verdict.chain.find((link) => link.hypothesis === 'retry-storm')?.leadsTo).toBeNull()
    expect(verdict.headline).toContain('Redis grew by')
  })
})

it('a healthy stack under a shared limit refutes it', () => {
  const picture: Picture = {
    ...healthyPicture,
    applied,
    parts: {
      postgres: { memory: times(9, () => 0.05), oomKills: times(9, () => 0) },
      redis: { memory: times(9, () => 0.05), oomKills: times(9, () => 0) },
      stack: { memory: times(9, () => 0.2) },
    },
  }
  expect(judgedBy(picture)).toEqual([no, never, no])
})
