import type { DiagnosisTrial, Effect, Ending, Tested, Tried } from '../../diagnosis.ts'
import type { Change, Perturbation } from '../../perturbation.ts'
import { formatAt } from '../../units.ts'
import type { Finding } from '../../verdict.ts'

/** One prediction of a live cause, with the changes that can be made here. */
export interface Test extends Pick<Perturbation, 'expected' | 'does'> {
  readonly changes: readonly Change[]
  /** Why none can be made. */
  readonly why: string | null
}

/** A cause that may be true of the crash, and what it expects of other runs. */
export interface LiveCause {
  readonly finding: Finding
  readonly tests: readonly Test[]
  /** Why no knob reaches it. */
  readonly none: string | null
}

/** The crash as it came without any change, each time. */
export type Baseline = readonly Ending[]

/**
 * Of the time of death without a change: what differs by less is told as the same. Ten runs of high-load with as many
 * seeds died between +32.3 and +40.7 s, and one seed on a busy machine differs as much; doses here halve and double.
 */
const [soonerShare, laterShare] = [0.8, 1.25]

/** From when on a crash that did not come counts as gone. */
export function goneFromMs(baseline: Baseline): number {
  return laterShare * Math.max(...baseline.map(({ diedMs }) => diedMs ?? 0))
}

/** What became of the crash. */
export function effectOf(ending: Ending | null, baseline: Baseline): Effect {
  if (!ending) return null
  if (ending.diedMs === null) return ending.watchedUntilMs >= goneFromMs(baseline) ? 'gone' : null
  if (!baseline.some((one) => isSameDeath(ending, one))) return 'another death'
  const earliestMs = Math.min(...baseline.map(({ diedMs }) => diedMs ?? 0))
  if (ending.diedMs < soonerShare * earliestMs) return 'sooner'
  return ending.diedMs > goneFromMs(baseline) ? 'later' : 'alike'
}

/** What killed it may be known in one run and not in another: then how the process ended has to do. */
export function isSameDeath(a: Ending, b: Ending): boolean {
  if (a.diedMs === null || b.diedMs === null || a.how !== b.how) return false
  return a.deaths.length === 0 || b.deaths.length === 0 || a.deaths.some((death) => b.deaths.includes(death))
}

export function nameChange(change: Change | null): string {
  return change ? `${change.flag}=${change.value}` : 'as it was'
}

/** A change is tried once more when its run told nothing: a busy machine, a stack that did not start. */
const mostTries = 2

type Trials = readonly DiagnosisTrial[]

function triesOf(change: Change, trials: Trials): Trials {
  return trials.filter((trial) => trial.change && nameChange(trial.change) === nameChange(change))
}

const notTried = 'it was not tried'

/** The run that tells of a prediction. */
function tellingRun({ changes }: Test, trials: Trials): DiagnosisTrial | undefined {
  return changes.flatMap((change) => triesOf(change, trials)).find(({ ending }) => ending !== null)
}

const results: Readonly<Record<Test['expected'], Readonly<Record<NonNullable<Effect>, Tested['result']>>>> = {
  gone: {
    gone: 'as expected',
    later: 'unclear',
    alike: 'against it',
    sooner: 'against it',
    'another death': 'unclear',
  },
  'gone or later': {
    gone: 'as expected',
    later: 'as expected',
    alike: 'against it',
    sooner: 'against it',
    'another death': 'unclear',
  },
  // A dose that does nothing to a crash may be too small, or more than was needed already: it takes nothing back.
  sooner: { gone: 'unclear', later: 'unclear', alike: 'unclear', sooner: 'as expected', 'another death': 'unclear' },
  alike: {
    gone: 'against it',
    later: 'against it',
    alike: 'as expected',
    sooner: 'unclear',
    'another death': 'unclear',
  },
}

function testedBy(test: Test, { finding }: LiveCause, trials: Trials, baseline: Baseline): Tested {
  const { expected, does } = test
  if (test.why !== null) return { expected, does, result: 'not available', run: null, because: test.why }
  const run = tellingRun(test, trials)
  if (!run) {
    const last = test.changes.flatMap((change) => triesOf(change, trials)).at(-1)
    const because = last ? `${last.cell} tells nothing: ${last.told}` : notTried
    return { expected, does, result: 'not tried', run: null, because }
  }
  const effect = effectOf(run.ending, baseline)
  const result = effect === null ? 'unclear' : results[expected][effect]
  const because = `${does} (${run.cell}) ${describeEffect(run, effect)}`
  // A cure that left the cause in place was too weak a dose, and refutes nothing.
  const isTooWeak = result === 'against it' && expected !== 'alike' && run.answers[finding.hypothesis] !== 'refuted'
  if (!isTooWeak) return { expected, does, result, run: run.run, because }
  return { expected, does, result: 'unclear', run: run.run, because: `${because}, but ${stillThere(run, finding)}` }
}

function stillThere({ answers }: DiagnosisTrial, { hypothesis, label }: Finding): string {
  return answers[hypothesis] === 'supported'
    ? `${label} was still there: too weak a dose`
    : `whether ${label} was still there is not known`
}

/** `it survived`, `it died at +14.1 s, sooner`. */
export function describeEffect({ ending, outcome }: DiagnosisTrial, effect: Effect): string {
  if (!ending) return 'nothing is told'
  if (ending.diedMs === null) {
    if (effect === null) return `it was watched until ${formatAt(ending.watchedUntilMs)} only`
    return outcome === 'survived' ? 'it survived' : `it lived until ${formatAt(ending.watchedUntilMs)}, the end`
  }
  const at = `it died at ${formatAt(ending.diedMs)}`
  if (effect === 'another death') return `${at}, of something else: ${ending.deaths.join(', ') || ending.how}`
  return effect === 'alike' ? `${at} all the same` : `${at}, ${effect}`
}

/** What the runs so far say of a cause. */
export function judgeCause(cause: LiveCause, all: readonly LiveCause[], trials: Trials, baseline: Baseline): Tried {
  const { finding, none } = cause
  const tests = cause.tests.map((test) => testedBy(test, cause, trials, baseline))
  const { hypothesis, label, role, answer: before } = finding
  const made = (answer: Tried['answer'], because: string): Tried => {
    return { hypothesis, label, role, before, answer, because, tests }
  }
  if (none !== null) return made('not known', none)
  const against = tests.filter(({ result }) => result === 'against it')
  const open = tests.filter(({ result }) => result !== 'as expected' && result !== 'against it')
  if (against.length > 0) {
    return made('refuted', `${against.map(({ because }) => because).join('; ')}${ofErrors(cause, trials)}`)
  }
  if (open.length > 0) return made('not known', openReasons(tests, open))
  // Whatever leaves a crash alone leaves it alone: that says nothing for a cause that is not itself the death.
  const hasCure = tests.some(({ expected }) => expected.startsWith('gone'))
  if (tests.length === 0 || (!hasCure && role !== 'death')) return made('not known', 'no change would have cured it')
  const rival = all.find((other) => other !== cause && explains(other, cause, trials, baseline))
  if (rival) return made('not known', `${rival.finding.label} expects the same of all these runs`)
  return made('confirmed', tests.map(({ because }) => because).join('; '))
}

/** Why nothing is known yet. What was left out because nothing could come of it any more is no reason of its own. */
function openReasons(tests: readonly Tested[], open: readonly Tested[]): string {
  const told = open.filter(({ because }) => because !== notTried)
  if (told.length > 0) return told.map(({ because }) => because).join('; ')
  const done = tests.filter(({ result }) => result === 'as expected').map(({ because }) => because)
  return [...done, `not tried: ${open.map(({ does }) => does).join(', ')}`].join('; ')
}

/** Whether a rival of the same role expects the same of every run that speaks for a cause, and none speaks against it. */
function explains(rival: LiveCause, { finding, tests }: LiveCause, trials: Trials, baseline: Baseline): boolean {
  if (rival.finding.role !== finding.role) return false
  const isRefuted = rival.tests.some((test) => testedBy(test, rival, trials, baseline).result === 'against it')
  if (isRefuted || rival.none !== null) return false
  return tests.every((test) => {
    const run = tellingRun(test, trials)
    return rival.tests.some((other) => {
      return other.expected === test.expected && tellingRun(other, trials) === run && run !== undefined
    })
  })
}

/** Of the failed writes: so much less is a cure of them, whatever became of the crash. */
const fewerShare = 0.5

/** What is no cause of the crash may still be one of failed writes. */
function ofErrors({ finding, tests }: LiveCause, trials: Trials): string {
  const before = trials.find(({ change, writes }) => change === null && writes !== null)
  const cure = tests.find(({ expected }) => expected === 'gone')
  const run = cure && tellingRun(cure, trials)
  if (!before?.writes || !run?.writes || finding.role === 'death' || run.chain.includes(finding.hypothesis)) return ''
  const [was, is] = [before.writes, run.writes].map(({ failed, of }) => failed / Math.max(1, of)) as [number, number]
  if (is > fewerShare * was) return ''
  const percent = (share: number) => `${Math.round(100 * share)} %`
  return `; but failed writes fell from ${percent(was)} to ${percent(is)}, and it is not seen any more: a cause of those`
}

const rounds: readonly (readonly Test['expected'][])[] = [['gone', 'gone or later', 'alike'], ['sooner']]

/**
 * The next change to try: what may refute comes before what may only confirm, causes as they acted. `null`: no further run
 * could change an answer.
 */
export function nextChange(causes: readonly LiveCause[], trials: Trials, baseline: Baseline): Change | null {
  for (const round of rounds) {
    for (const cause of causes) {
      const { answer, tests } = judgeCause(cause, causes, trials, baseline)
      // What cannot be cured here, or was not, cannot be confirmed by making it worse.
      const isLost = tests.some(({ expected, result }) => expected !== 'sooner' && result !== 'as expected')
      if (answer !== 'not known' || (round.includes('sooner') && isLost)) continue
      for (const test of cause.tests) {
        if (!round.includes(test.expected) || tellingRun(test, trials)) continue
        const [best] = test.changes
        if (best && triesOf(best, trials).length < mostTries) return best
      }
    }
  }
  return null
}
