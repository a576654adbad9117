import { describe, expect, it } from 'vitest'
import { evidence, times } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import { client } from '../situations.fixture.ts'
import { generatorSaturated } from './generator-saturated.ts'

const sent = (delayMs: number, count = 50) => times(count, (index) => `${client(index)}0 1000..1050+${delayMs} ok`)
const judged = (requests: string[], timeoutMs = 5_000) => find(generatorSaturated, evidence({ requests, timeoutMs }))

describe('generator saturated', () => {
  it('is supported by sends later than 2 % of the timeout', () => {
    expect(judged(sent(101))).toMatchObject({ answer: 'supported', because: 'send delay p99 101 ms of 100 ms allowed' })
  })

  it('allows 50 ms whatever the timeout: a shared machine stalls that long', () => {
    expect(judged(sent(50), 1_000).answer).toBe('refuted')
    expect(judged(sent(51), 1_000).answer).toBe('supported')
  })

  it('is refuted by sends in time', () => {
    expect(judged(sent(100)).answer).toBe('refuted')
  })

  it('does not blame the generator for delays after the first error', () => {
    const late = times(50, (index) => `${client(index)}1 5000..5100+500 ok`)
    expect(judged([...sent(0), 'x0 1000..1500 reset', ...late]).answer).toBe('refuted')
  })

  it('stays inconclusive with fewer than 20 sends', () => {
    expect(judged(sent(500, 19))).toMatchObject({
      answer: 'inconclusive',
      because: 'only 19 sends before the first error',
    })
  })
})
