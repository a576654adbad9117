import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { hypotheses } from '../hypotheses/index.ts'
import type { Accounting, ChainLink, Finding, Role } from '../verdict.ts'
import { headline } from './headline.ts'

const phrases = new Map(hypotheses.map((hypothesis) => [hypothesis.name, hypothesis.phrase]))
const link = (role: Role, hypothesis: string, leadsTo: string | null = null): ChainLink => ({
  role,
  hypothesis,
  leadsTo,
  because: null,
})
const fine: Accounting = {
  emitted: 300,
  attempted: 300,
  acknowledged: 300,
  stored: 300,
  acknowledgedAndLost: 0,
  inDeadLetterQueue: 0,
  storedUnacknowledged: 0,
  storedMoreThanOnce: 0,
  droppedByClient: 0,
  neverAttempted: 0,
  unknown: 0,
}
const [cpu, storm, oom] = [
  link('trigger', 'cpu-too-small', 'retry-storm'),
  link('amplifier', 'retry-storm', 'memory-limit'),
  link('death', 'memory-limit'),
]
const died = evidence({ exit: { t: 3_200, signal: 'SIGKILL' } })
const alive = evidence({})
const crashed = (chain: ChainLink[], findings: Finding[] = []) => {
  return headline({ outcome: 'crashed', chain, findings, accounting: fine, reason: null, phrases }, died)
}
const survived = (accounting: Partial<Accounting>, chain: ChainLink[] = []) => {
  return headline(
    { outcome: 'survived', chain, findings: [], accounting: { ...fine, ...accounting }, reason: null, phrases },
    alive,
  )
}
const open = {
  hypothesis: 'memory-limit',
  label: 'memory limit',
  role: 'death',
  claim: '',
  answer: 'inconclusive',
  because: 'no reading of oom_kill',
  observations: [],
} as const

describe('headline', () => {
  it.each([
    [
      crashed([cpu, storm, oom]),
      'The kernel killed DataStorage at its memory limit, at the end of a retry storm that a starved CPU set off.',
    ],
    [crashed([storm, oom]), 'The kernel killed DataStorage at its memory limit, at the end of a retry storm.'],
    [crashed([oom]), 'The kernel killed DataStorage at its memory limit.'],
    [
      crashed([link('trigger', 'batch-blocked', 'memory-limit'), oom]),
      'The kernel killed DataStorage at its memory limit, after a blocked batch write had let work pile up.',
    ],
    [
      crashed([{ ...cpu, leadsTo: null }, { ...storm, leadsTo: null }, oom]),
      'The kernel killed DataStorage at its memory limit. Also found, without a proven tie to that: a retry storm and a starved CPU.',
    ],
    [
      crashed([cpu, link('trigger', 'pool-exhaustion', 'retry-storm'), storm, oom]),
      'The kernel killed DataStorage at its memory limit, at the end of a retry storm that a starved CPU and an exhausted connection pool set off.',
    ],
    [
      crashed([], [open]),
      'DataStorage died at +3.2 s; what killed it is not known: memory limit: no reading of oom_kill.',
    ],
    [crashed([]), 'DataStorage died at +3.2 s; what killed it is not known: every cause tried is refuted.'],
    [
      crashed([cpu, { ...storm, leadsTo: null }]),
      'DataStorage died at +3.2 s; what killed it is not known: every cause tried is refuted. Also found, without a proven tie to that: a retry storm that a starved CPU set off.',
    ],
  ])('of a crash: %s', (told, expected) => {
    expect(told).toBe(expected)
  })

  it.each([
    [survived({}), 'DataStorage survived and stored every event exactly once.'],
    [
      survived({ droppedByClient: 258 }, [cpu, storm]),
      'DataStorage survived, but 258 of 300 events were dropped: a retry storm that a starved CPU set off.',
    ],
    [survived({ droppedByClient: 3 }), 'DataStorage survived, but 3 of 300 events were dropped: why is not known.'],
    [
      survived({ acknowledgedAndLost: 1, storedMoreThanOnce: 2 }),
      'DataStorage survived, but 1 of 300 events were acknowledged and lost and 2 of 300 events were stored more than once: why is not known.',
    ],
    [
      survived({ stored: null, acknowledgedAndLost: null, storedMoreThanOnce: null }),
      'DataStorage survived and acknowledged 300 of 300 events; the database was not read back.',
    ],
    [
      survived({ inDeadLetterQueue: 4, stored: 296 }),
      'DataStorage survived, but 4 of 300 events were still in the dead-letter queue: why is not known.',
    ],
    [
      survived({ acknowledgedAndLost: null, inDeadLetterQueue: null, stored: 296 }),
      'DataStorage survived; what became of the events that it accepted and did not store yet is not known.',
    ],
    [survived({ emitted: 0 }), 'DataStorage survived; no load was sent.'],
    [
      survived({}, [{ ...cpu, leadsTo: null }]),
      'DataStorage survived and stored every event exactly once. Also found, without a proven tie to that: a starved CPU.',
    ],
  ])('of a survival: %s', (told, expected) => {
    expect(told).toBe(expected)
  })

  it('states a death, but no cause, when the run cannot be trusted', () => {
    const told = {
      outcome: 'unknown',
      chain: [],
      findings: [],
      accounting: fine,
      reason: 'the load generator was saturated',
      phrases,
    } as const
    expect(headline(told, died)).toBe('DataStorage died at +3.2 s; why is not known: the load generator was saturated.')
    expect(headline(told, alive)).toBe('Whether DataStorage survives is not known: the load generator was saturated.')
  })
})
