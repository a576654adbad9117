import { describe, expect, it } from 'vitest'
import { evidence } from '../evidence.fixture.ts'
import { find } from '../judgement/find.ts'
import type { Picture } from '../picture.fixture.ts'
import { memoryLimit } from './memory-limit.ts'
import { outsideKill } from './outside-kill.ts'
import { uncaughtException } from './uncaught-exception.ts'

const answers = (picture: Picture) => {
  return [memoryLimit, uncaughtException, outsideKill].map((hypothesis) => find(hypothesis, evidence(picture)).answer)
}
const calm = { memory: '▁▂▂▂▂', oomKills: '00000' }
const oom = { memory: '▁▃▅▇█', oomKills: '00001' }

describe('the rival deaths exclude each other', () => {
  const [yes, no, open] = ['supported', 'refuted', 'inconclusive']
  it.each<[string, Picture, string[]]>([
    ['oom kill', { ...oom, exit: { t: 4_000, signal: 'SIGKILL' } }, [yes, no, no]],
    ['uncaught throw', { ...calm, exit: { t: 4_000, code: 1 } }, [no, yes, no]],
    ['Go panic', { ...calm, exit: { t: 4_000, code: 2 } }, [no, yes, no]],
    ['SIGKILL from the host', { ...calm, exit: { t: 4_000, signal: 'SIGKILL' } }, [no, no, yes]],
    ['SIGKILL at full memory', { ...oom, oomKills: '00000', exit: { t: 4_000, signal: 'SIGKILL' } }, [no, no, yes]],
    ['SIGTERM, not handled', { ...calm, exit: { t: 4_000, signal: 'SIGTERM' } }, [no, no, yes]],
    ['SIGTERM, handled, or an end by mistake', { ...calm, exit: { t: 4_000, code: 0 } }, [no, no, open]],
    ['SIGTERM, from an engine', { ...calm, exit: { t: 4_000, code: 143 } }, [no, no, yes]],
    ["V8's heap limit", { ...calm, exit: { t: 4_000, signal: 'SIGABRT' } }, [no, no, no]],
    ["V8's heap limit, from an engine", { ...calm, exit: { t: 4_000, code: 134 } }, [no, no, no]],
    ['segmentation fault', { ...calm, exit: { t: 4_000, code: 139 } }, [no, no, no]],
    ['throw after a child was OOM-killed', { ...oom, exit: { t: 4_000, code: 1 } }, [no, yes, no]],
    ['alive', calm, [no, no, no]],
  ])('%s', (_, picture, expected) => {
    expect(answers(picture)).toEqual(expected)
  })

  it('leaves open who sent SIGKILL when the counter ends before the death', () => {
    const picture: Picture = { memory: '▁▂▂', oomKills: '000', exit: { t: 9_000, signal: 'SIGKILL' } }
    expect(answers(picture)).toEqual(['inconclusive', 'refuted', 'inconclusive'])
  })

  it('refutes nothing of a record that breaks off before its end', () => {
    for (const hypothesis of [memoryLimit, uncaughtException, outsideKill]) {
      expect(find(hypothesis, { ...evidence(calm), end: null }).answer).toBe('inconclusive')
    }
  })
})

describe('uncaught exception', () => {
  it('names the stack on stderr, but does without it', () => {
    const picture: Picture = {
      ...calm,
      exit: { t: 4_000, code: 1 },
      stderr: ['Error: boom', '    at write (repository.ts:12)'],
    }
    const [exit, stack] = find(uncaughtException, evidence(picture)).observations
    expect(exit?.because).toBe('exit code 1')
    expect(stack).toMatchObject({ result: 'seen', refs: ['events.ndjson:50001'] })
    const silent = find(uncaughtException, evidence({ ...picture, stderr: [] }))
    expect(silent.answer).toBe('supported')
    expect(silent.observations[1]?.result).toBe('not measurable')
  })

  it('speaks of an uncaught exception only where the runtime wrote so as it ended', () => {
    const stderr = ['    at write (repository.ts:12)', 'Node.js v24.1.0']
    const thrown = evidence({ ...calm, exit: { t: 4_000, code: 1 }, stderr })
    expect(find(uncaughtException, thrown).because).toBe('exit code 1, after an uncaught exception')
    const logged = { ...thrown, stderr: thrown.stderr.slice(0, 1) }
    expect(find(uncaughtException, logged).because).toBe('exit code 1')
    const early = find(uncaughtException, { ...thrown, stderr: thrown.stderr.map((line) => ({ ...line, t: 2_900 })) })
    expect(early.because).toBe('exit code 1')
    expect(early.observations[1]).toMatchObject({ result: 'absent', because: 'no stack on stderr as it ended' })
  })
})
