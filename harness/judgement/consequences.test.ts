import { describe, expect, it } from 'vitest'
import type { Finding } from '../verdict.ts'
import { consequenceOf } from './consequences.ts'

const found = (hypothesis: string, sinceMs?: number): Finding => ({
  hypothesis,
  label: hypothesis,
  role: 'trigger',
  claim: '',
  answer: 'supported',
  because: '',
  observations: [
    {
      prediction: '',
      necessary: true,
      result: 'seen',
      because: '',
      refs: [],
      ...(sinceMs !== undefined && { sinceMs }),
    },
  ],
})

describe('causes and consequences', () => {
  it.each([
    ['batch-blocked', 'database-down'],
    ['pool-exhaustion', 'database-down'],
    ['batch-blocked', 'blocked-event-loop'],
    ['pool-exhaustion', 'row-lock-deadlock'],
    ['batch-blocked', 'nested-checkout'],
  ])('takes %s for a consequence of %s that began before', (effect, cause) => {
    const finding = found(effect, 4_000)
    expect(consequenceOf(finding, [finding, found(cause, 3_500)])).toBe(cause)
  })

  it('names both where the supposed consequence came first', () => {
    const pool = found('pool-exhaustion', 500)
    expect(consequenceOf(pool, [pool, found('database-down', 6_000)])).toBeNull()
  })

  it('names both where a database goes down a second after the pool was full', () => {
    const pool = found('pool-exhaustion', 300)
    expect(consequenceOf(pool, [pool, found('database-down', 1_600)])).toBeNull()
    expect(consequenceOf(pool, [pool, found('row-lock-deadlock', 1_600)])).toBe('row-lock-deadlock')
  })

  it('lets no consequence explain its cause, and nothing itself', () => {
    const database = found('database-down', 1_000)
    const pool = found('pool-exhaustion', 1_000)
    expect(consequenceOf(database, [database, pool])).toBeNull()
    expect(consequenceOf(pool, [pool])).toBeNull()
  })

  it('explains no death away', () => {
    const kill = found('outside-kill')
    expect(consequenceOf(kill, [kill, found('database-down', 1_000), found('pool-exhaustion', 1_000)])).toBeNull()
  })
})
