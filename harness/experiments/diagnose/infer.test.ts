import { describe, expect, it } from 'vitest'
import type { DiagnosisTrial, Ending } from '../../diagnosis.ts'
import { hypotheses } from '../../hypotheses/index.ts'
import type { Change } from '../../perturbation.ts'
import { manifest } from '../../report/verdict.fixture.ts'
import type { Answer } from '../../verdict.ts'
import { effectOf, isSameDeath, judgeCause, type LiveCause, nameChange, nextChange } from './infer.ts'

const died = (diedMs: number, death = 'outside-kill', how = 'SIGKILL'): Ending => {
  return { diedMs, watchedUntilMs: diedMs, deaths: death === '' ? [] : [death], how }
}
const lived = (watchedUntilMs: number): Ending => ({ diedMs: null, watchedUntilMs, deaths: [], how: null })
const baseline = [died(5_000), died(5_200)]

/** What a live hypothesis expects of the run in verdict.fixture.ts, as its own file says. */
function live(name: string): LiveCause {
  const { label, role, claim, perturbations } = hypotheses.find((one) => one.name === name) ?? raise(name)
  const finding = { hypothesis: name, label, role, claim, answer: 'supported' as const, because: '', observations: [] }
  if ('none' in perturbations) return { finding, tests: [], none: perturbations.none }
  const tests = perturbations.map(({ expected, does, changes }) => {
    return { expected, does, changes: changes(manifest), why: null }
  })
  return { finding, tests, none: null }
}
function raise(name: string): never {
  throw new Error(`there is no hypothesis ${name}`)
}

interface Drawn {
  readonly answers?: Record<string, Answer>
  readonly writes?: DiagnosisTrial['writes']
}

function trial(
  change: Change | null,
  ending: Ending | null,
  { answers = {}, writes = null }: Drawn = {},
): DiagnosisTrial {
  return {
    ...{ cell: nameChange(change), repeat: 1, seed: 1, run: 'run', commit: '', startedAt: '', tookMs: 1 },
    ...{ outcome: ending?.diedMs === null ? 'survived' : 'crashed', why: null, diedMs: ending?.diedMs ?? null },
    ...{ limitBytes: null, peakBytes: null, peakPendingEvents: null, response: null, events: null },
    ...{ memory: [], forecast: null, chain: Object.keys(answers).filter((name) => answers[name] === 'supported') },
    ...{ change, ending, told: '', answers, writes },
  }
}

const firstChange = (cause: LiveCause, test: number) => cause.tests[test]?.changes[0] ?? raise('a change')

describe('what a change did', () => {
  it.each<[string, Ending | null, ReturnType<typeof effectOf>]>([
    ['the same death at about the same time', died(6_000), 'alike'],
    ['well before both', died(3_900), 'sooner'],
    ['well after both', died(6_600), 'later'],
    ['alive when the crash should long have come', lived(7_000), 'gone'],
    ['watched too short', lived(6_000), null],
    ['by an exit of its own', died(5_000, 'uncaught-exception', 'exit code 1'), 'another death'],
    ['by the same signal for another reason', died(5_000, 'memory-limit'), 'another death'],
    ['by the same signal, why nobody knows', died(5_000, ''), 'alike'],
    ['nothing that can be trusted', null, null],
  ])('%s', (_, ending, effect) => {
    expect(effectOf(ending, baseline)).toBe(effect)
  })

  it('never takes a survivor for a death', () => {
    expect(isSameDeath(lived(9_000), died(5_000))).toBe(false)
  })
})

describe('what is concluded', () => {
  const kill = live('outside-kill')
  const [pace, memory] = [firstChange(kill, 0), firstChange(kill, 1)]

  it('confirms a death that comes whatever the service is given', () => {
    const trials = [trial(pace, died(5_100)), trial(memory, died(5_000))]
    expect(judgeCause(kill, [kill], trials, baseline).answer).toBe('confirmed')
  })

  it('refutes it when less load keeps it away: then nobody outside does it by himself', () => {
    expect(judgeCause(kill, [kill], [trial(pace, lived(9_000))], baseline).answer).toBe('refuted')
  })

  it('never confirms a cause of which no change is a cure because the crash is left alone', () => {
    const { tests } = kill
    const trigger: LiveCause = { ...kill, finding: { ...kill.finding, role: 'trigger' }, tests }
    const trials = [trial(pace, died(5_100)), trial(memory, died(5_000))]
    expect(judgeCause(trigger, [trigger], trials, baseline)).toMatchObject({ answer: 'not known' })
  })

  it('cannot tell two causes apart that expect the same of all runs', () => {
    const [pool, nested] = [live('pool-exhaustion'), live('nested-checkout')]
    const trials = [trial(firstChange(pool, 0), lived(9_000)), trial(firstChange(pool, 1), died(2_000))]
    expect(judgeCause(pool, [pool], trials, baseline).answer).toBe('confirmed')
    expect(judgeCause(pool, [pool, nested], trials, baseline)).toMatchObject({
      answer: 'not known',
      because: 'pool deadlock expects the same of all these runs',
    })
  })

  it('says of what is no cause of the crash that it is one of failed writes', () => {
    const pool = live('pool-exhaustion')
    const asItWas = trial(null, died(5_000), { writes: { failed: 40, of: 100 } })
    const cured = (failed: number) =>
      trial(firstChange(pool, 0), died(5_000), {
        answers: { 'pool-exhaustion': 'refuted' },
        writes: { failed, of: 100 },
      })
    const judged = (failed: number) => judgeCause(pool, [pool], [asItWas, cured(failed)], baseline)
    expect(judged(2)).toMatchObject({ answer: 'refuted' })
    expect(judged(2).because).toContain('failed writes fell from 40 % to 2 %')
    expect(judged(30).because).not.toContain('failed writes')
  })

  it('a cure alone confirms nothing: what must make it worse is tried, too', () => {
    const pool = live('pool-exhaustion')
    const cured = [trial(firstChange(pool, 0), lived(9_000))]
    expect(judgeCause(pool, [pool], cured, baseline).answer).toBe('not known')
    expect(nextChange([pool], cured, baseline)).toEqual({ flag: 'pool', value: '12' })
    const unmoved = [...cured, trial(firstChange(pool, 1), died(5_000))]
    expect(judgeCause(pool, [pool], unmoved, baseline).answer).toBe('not known')
    expect(nextChange([pool], unmoved, baseline)).toBeNull()
  })
})

describe('every hypothesis', () => {
  it.each(hypotheses.map(({ name, perturbations }) => [name, perturbations] as const))(
    '%s says what it expects of other runs, or why no knob reaches it',
    (_, perturbations) => {
      if ('none' in perturbations) return expect(perturbations.none).toMatch(/\w/)
      expect(perturbations.length).toBeGreaterThan(0)
      for (const { changes, does } of perturbations) {
        expect(does).toMatch(/^with/)
        for (const { value } of changes(manifest)) expect(value).not.toMatch(/NaN|undefined/)
      }
    },
  )
})
