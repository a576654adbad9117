import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import type { Evidence } from '../evidence.ts'
import { readEvidence } from '../evidence.ts'
import { times } from '../picture.fixture.ts'
import type { Drop } from '../sample.ts'
import { client, healthy, stormCrash } from '../situations.fixture.ts'
import { accounting, accountRecord } from './accounting.ts'

const drop = (client: string, firstEvent: number | null, events: number, why: Drop['why']) => {
  return { kind: 'drop' as const, t: 9_000, ref: 'x', client, firstEvent, events, why }
}
/** One client, eight events and two that found the buffer full; one of each fate. */
const mixed: Evidence = {
  ...evidence({
    requests: [
      'a0 0..10 ok', // stored once
      'a1 0..10 ok', // stored twice
      'a2 0..10 ok', // acknowledged, and not in the database
      'a3 0..5000 timeout', // dropped, yet stored
      'a4 0..5000 timeout', // dropped, not stored
      'a5 0..5000 timeout', // open at the end, stored
      'a6 0..5000 timeout', // open at the end, not stored
    ],
    stored: new Map([
      ['a', [1, 2, 0, 1, 0, 1, 0, 0]],
      ['warm-up', [1, 1, 1, 1, 1]],
    ]),
  }),
  drops: [drop('a', 3, 2, 'attempts-exhausted'), drop('a', null, 2, 'buffer-full'), drop('warm-up', 0, 1, 'rejected')],
  clients: [{ kind: 'client', t: 9_000, ref: 'x', client: 'a', emitted: 8, unfinished: 3, jsonBytes: 1 }],
}

describe('accounting', () => {
  it('follows every event by its id, and leaves the warm-up out', () => {
    expect(accounting(mixed)).toEqual({
      emitted: 10,
      attempted: 7,
      acknowledged: 3,
      stored: 4,
      acknowledgedAndLost: 1,
      inDeadLetterQueue: null,
      lost: null,
      storedUnacknowledged: 2,
      storedMoreThanOnce: 1,
      droppedByClient: 4,
      neverAttempted: 1,
      unknown: 1,
    })
  })

  it('counts a batch that was in flight at the end as sent, and as stored where it is', () => {
    const [summary] = mixed.clients
    if (!summary) throw new Error('one client')
    const inFlight = [{ firstEvent: 7, events: 1 }]
    const open = { ...mixed, clients: [{ ...summary, inFlight }] }
    expect(accounting(open)).toMatchObject({ attempted: 8, neverAttempted: 0, unknown: 2 })
    // As the first records have it: one range, since there was one batch at most.
    const single = { ...mixed, clients: [{ ...summary, inFlight: { firstEvent: 7, events: 1 } }] }
    expect(accounting(single)).toEqual(accounting(open))
    expect(accounting({ ...mixed, clients: [{ ...summary, inFlight: null }] })).toEqual(accounting(mixed))
    const stored = new Map([['a', [1, 2, 0, 1, 0, 1, 0, 1]]])
    expect(accounting({ ...open, stored })).toMatchObject({ stored: 5, storedUnacknowledged: 3, unknown: 1 })
  })

  it('says nothing of what is stored when the database was not read back', () => {
    expect(accounting({ ...mixed, stored: null })).toMatchObject({
      stored: null,
      acknowledgedAndLost: null,
      storedMoreThanOnce: null,
      unknown: 2,
    })
  })

  describe('of events that were accepted with 202 and are not in the database', () => {
    const requests = ['a0 0..10 ok', 'a1 0..10 accepted', 'a2 0..10 accepted', 'a3 0..10 ok']
    const stored = new Map([['a', [1, 0, 0, 0]]])
    const other = new Map([['b', [1, 2]]])
    it.each([
      ['the queue has one', new Map([['a', [1]]]), { inDeadLetterQueue: 1, acknowledgedAndLost: 2 }],
      ['the queue has both', new Map([['a', [1, 2]]]), { inDeadLetterQueue: 2, acknowledgedAndLost: 1 }],
      ['the queue has those of others', other, { inDeadLetterQueue: 0, acknowledgedAndLost: 3 }],
      ['the queue was not read', null, { inDeadLetterQueue: null, acknowledgedAndLost: null }],
    ])('%s', (_, queued, expected) => {
      expect(accounting(evidence({ requests, stored, queued }))).toMatchObject({ acknowledged: 4, ...expected })
    })

    it('counts one that is in both as stored: it was on its way', () => {
      const record = evidence({ requests, stored: new Map([['a', [1, 1, 1, 1]]]), queued: new Map([['a', [1]]]) })
      expect(accounting(record)).toMatchObject({ stored: 4, inDeadLetterQueue: 0, acknowledgedAndLost: 0 })
    })
  })

  it('counts as lost what is nowhere, whatever clients were told', () => {
    expect(accounting({ ...mixed, queued: new Map([['a', [4]]]) })).toMatchObject({ emitted: 10, stored: 4, lost: 5 })
    expect(accounting({ ...mixed, queued: new Map() })).toMatchObject({ lost: 6 })
  })

  it('counts single events as it counts batches', () => {
    const record = evidence({ requests: ['a0 0..10 ok', 'a1 0..10 5xx', 'a1 20..30 ok'] })
    const direct = {
      ...record,
      attempts: record.attempts.map((one) => ({ ...one, operation: 'write-event' as const })),
    }
    expect(accounting(direct)).toEqual(accounting(record))
  })

  it('does not count an event twice that was sent twice', () => {
    expect(accounting(evidence({ requests: ['a0*3 0..5000 timeout', 'a0*3 6000..6100 ok'] }))).toMatchObject({
      emitted: 3,
      attempted: 3,
      acknowledged: 3,
    })
  })

  it.each([
    ['a crash', stormCrash()],
    ['a healthy run', healthy()],
    [
      'a crash with drops',
      { ...stormCrash(), drops: times(20, (index) => drop(client(60 + index), 0, 1, 'attempts-exhausted')) },
    ],
    ['all fates', mixed],
  ])('balances for %s', (_, record) => {
    const sum = accounting(record)
    const droppedUnsent = record.drops
      .filter((one) => one.firstEvent === null)
      .reduce((total, one) => total + one.events, 0)
    expect(sum.emitted).toBe(sum.attempted + droppedUnsent + sum.neverAttempted)
    expect(sum.stored).toBe(
      sum.acknowledged -
        (sum.acknowledgedAndLost ?? 0) -
        (sum.inDeadLetterQueue ?? 0) +
        (sum.storedUnacknowledged ?? 0),
    )
    const open = sum.attempted - sum.acknowledged - (sum.droppedByClient - droppedUnsent)
    expect(sum.unknown).toBeLessThanOrEqual(open)
    expect(open - sum.unknown).toBeLessThanOrEqual(sum.storedUnacknowledged ?? 0)
  })

  it('says the same from the record, a line at a time', async () => {
    const dir = join(import.meta.dirname, '..', 'fixtures', 'high-load-quick-v1')
    expect(await accountRecord(dir)).toEqual(accounting(await readEvidence(dir)))
  })
})
