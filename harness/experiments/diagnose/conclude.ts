import type { Diagnosis, DiagnosisEnd, Tried } from '../../diagnosis.ts'
import { capital } from '../../report/words.ts'

type Trials = Diagnosis['trials']

/** What stands in the end, in a few sentences: how it died, and what had to be there for it; each first things first. */
export function concludes(end: DiagnosisEnd, causes: readonly Tried[], trials: Trials): string {
  if (end === 'no run tells') return 'NOT KNOWN: the run could not be done again.'
  if (end === 'does not come back') return notBack(trials)
  const confirmed = causes.filter(({ answer }) => answer === 'confirmed')
  const refuted = causes.filter(({ answer }) => answer === 'refuted')
  const open = causes.filter(({ answer }) => answer === 'not known')
  return [
    ...chainOf(confirmed),
    ...moved(confirmed, trials),
    ...(refuted.length > 0 ? [`REFUTED as a cause of this crash: ${list(refuted)}.`] : []),
    ...(open.length > 0 ? [`NOT KNOWN: ${list(open)}.`] : []),
    ...(causes.length === 0 ? ['NOT KNOWN: the verdict leaves no cause that could be tried.'] : []),
  ].join(' ')
}

function notBack(trials: Trials): string {
  const control = trials.find(({ change, ending }) => change === null && ending !== null)
  const died = control?.ending?.diedMs !== null
  return died
    ? 'NOT KNOWN: as it was, it died of something else this time, so no change can be told from chance.'
    : 'NOT KNOWN: as it was, the crash did not come back, so a change after which it does not come shows nothing.'
}

/** A cause that is needed is one among others that are: the chain as far as it is confirmed. */
function chainOf(confirmed: readonly Tried[]): string[] {
  if (confirmed.length === 0) return []
  const inOrder = confirmed.toSorted((a, b) => Number(a.role === 'death') - Number(b.role === 'death'))
  const chain = inOrder.map(({ label, role }) => `${label} (${role})`).join(' > ')
  const expects = ({ tests }: Tried, expected: Tried['tests'][number]['expected']) => {
    return tests.filter((test) => test.expected === expected)
  }
  const needed = inOrder.filter((cause) => expects(cause, 'gone').length > 0)
  const each =
    needed.length > 1 ? `Each of ${list(needed)} was needed: without any one of them` : `Without ${list(needed)}`
  return [
    `CONFIRMED: ${chain}.`,
    ...(needed.length === 0 ? [] : [`${each} the crash does not come, and with more of it, it comes sooner.`]),
    ...inOrder.flatMap((cause) => {
      const unmoved = expects(cause, 'alike').map(({ does }) => does)
      return unmoved.length === 0
        ? []
        : [`${capital(cause.label)}: ${unmoved.join(' and ')} the crash comes all the same.`]
    }),
  ]
}

/** More room at the limit is no cure where what filled it goes on. */
function moved(confirmed: readonly Tried[], trials: Trials): string[] {
  const byMemory = confirmed.some(({ hypothesis }) => hypothesis === 'memory-limit' || hypothesis === 'shared-memory')
  const survivor = trials.find(({ change, effect }) => change?.flag === 'memory' && effect === 'gone')
  const events = survivor?.events
  if (!byMemory || !events || events.acknowledged >= events.emitted) return []
  return [
    `More memory moves the death and cures nothing: with ${survivor.cell}, ${events.emitted - events.acknowledged} of ${events.emitted} events were not acknowledged.`,
  ]
}

function list(causes: readonly Tried[]): string {
  const labels = causes.map(({ label }) => label)
  return labels.length < 2 ? labels.join('') : `${labels.slice(0, -1).join(', ')} and ${labels.at(-1)}`
}
