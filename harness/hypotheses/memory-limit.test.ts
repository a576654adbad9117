import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import type { Picture } from '../picture.fixture.ts'
import { memoryLimit } from './memory-limit.ts'

const oom: Picture = { memory: '▁▂▃▅▆▇█', oomKills: '0000001', exit: { t: 6_000, signal: 'SIGKILL' } }
const judged = (changed: Partial<Picture> = {}) => find(memoryLimit, evidence({ ...oom, ...changed }))

describe('memory limit', () => {
  it('is supported by a counter that rises with the death, at the limit', () => {
    const finding = judged()
    expect(finding.answer).toBe('supported')
    expect(finding.because).toBe('oom_kill 0 -> 1 at +6.0 s; peak 2 GiB of 2 GiB; ended by SIGKILL')
    expect(finding.observations[0]?.refs).toEqual(['probes.ndjson:10006', 'events.ndjson:4'])
  })

  it('is supported by exit code 137, which is how a container engine reports SIGKILL', () => {
    expect(judged({ exit: { t: 6_000, code: 137 } }).answer).toBe('supported')
  })

  it.each<[string, Partial<Picture>, string]>([
    [
      'SIGKILL from outside',
      { memory: '▁▂▃▃▃▃▃', oomKills: '0000000' },
      'oom_kill still 0 after the death; peak 768 MiB of 2 GiB',
    ],
    ['a child killed long before', { oomKills: '0011111' }, 'oom_kill rose earlier, for another process'],
    ['an exit of its own after a child was killed', { exit: { t: 6_000, code: 1 } }, 'exit code 1'],
    ['a peak far below the limit', { memory: '▁▂▃▅▆▇▇' }, 'peak 1.75 GiB of 2 GiB'],
    [
      'no death',
      { exit: undefined, oomKills: '0000000', memory: '▁▂▃▃▃▃▃' },
      'DataStorage did not die; peak 768 MiB of 2 GiB',
    ],
    ['a child killed, the main process alive', { exit: undefined }, 'DataStorage did not die'],
  ])('is refuted by %s', (_, changed, because) => {
    expect(judged(changed)).toMatchObject({ answer: 'refuted', because })
  })

  it.each<[string, Partial<Picture>, string]>([
    [
      'readings that end before the death',
      { memory: '▁▂▃', oomKills: '000' },
      'oom_kill last read at +2.0 s, death at +6.0 s',
    ],
    [
      'a counter that rose in a silence, perhaps for a child',
      { memory: '▁▂▃   █', oomKills: '000   1' },
      'oom_kill rose in a silence from +2.0 s to +6.0 s',
    ],
    ['no counter on this host', { oomKills: undefined }, 'no reading of oom_kill'],
    ['a first reading after the death', { oomKills: '      1' }, 'no reading of oom_kill before the death'],
    ['a reading long after the death', { oomKills: '000     0' }, 'oom_kill last read at +2.0 s, death at +6.0 s'],
  ])('stays inconclusive with %s', (_, changed, because) => {
    const finding = judged(changed)
    expect(finding.answer).toBe('inconclusive')
    expect(finding.because).toContain(because)
  })

  it('stays inconclusive when the record speaks of a death but lacks the exit', () => {
    expect(judged({ exit: undefined, endReason: 'died' })).toMatchObject({ answer: 'inconclusive' })
  })

  it('stays inconclusive when the limit was never read back', () => {
    const finding = find(memoryLimit, { ...evidence(oom), appliedLimits: null })
    expect(finding).toMatchObject({ answer: 'inconclusive', because: 'the memory limit was not read back' })
  })
})
