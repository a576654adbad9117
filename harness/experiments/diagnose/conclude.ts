import type { Diagnosis, DiagnosisEnd, Tried } from '../../diagnosis.ts'
import { capital } from '../../report/words.ts'

type Trials = Diagnosis['trials']

/** What stands in the end, in a few sentences: how it died, and what had to be there for it; each first things first. */
export function concludes(end: DiagnosisEnd, causes: readonly Tried[], trials: Trials): string {
  if (end === 'no run tells') return 'NOT KNOWN: the run could not be done again.'
  if (end === 'does not come back') return notBack(trials)
  const of = (wanted: Tried['answer']) => causes.filter(({ answer }) => answer === wanted)
  const [confirmed, refuted, open] = [of('confirmed'), of('refuted'), of('not known')]
  return [
    ...chainOf(confirmed),
    ...(confirmed.length > 0 ? survivors(trials) : []),
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
  return [
    `CONFIRMED: ${chain}.`,
    ...isNeeded(inOrder.filter(({ tests }) => tests.some(({ expected }) => expected === 'gone'))),
    ...inOrder.flatMap(isUnmoved),
  ]
}

function isNeeded(needed: readonly Tried[]): string[] {
  if (needed.length === 0) return []
  const [which, one] = needed.length > 1 ? [`each of ${list(needed)}`, 'any one of them'] : [list(needed), 'it']
  return [`The crash needs ${which}: without ${one} it does not come, and with more of ${one} it comes sooner.`]
}

function isUnmoved({ label, tests }: Tried): string[] {
  const unmoved = tests.filter(({ expected }) => expected === 'alike').map(({ does }) => does)
  return unmoved.length === 0 ? [] : [`${capital(label)}: ${unmoved.join(' and ')} the crash comes all the same.`]
}

/** No crash is not yet a cure: what was changed may have kept the service alive, and nothing else. */
function survivors(trials: Trials): string[] {
  const gone = trials.flatMap(({ effect, events, change }) => {
    return effect === 'gone' && events && change ? [{ flag: `--${change.flag} ${change.value}`, ...events }] : []
  })
  if (gone.every(({ acknowledged, emitted }) => acknowledged >= emitted)) return []
  const told = gone
    .toSorted((a, b) => b.acknowledged / b.emitted - a.acknowledged / a.emitted)
    .map(({ flag, acknowledged, emitted }) => `${acknowledged} of ${emitted} with ${flag}`)
  return [`No crash is not yet a cure: of the events were acknowledged ${told.join(', ')}.`]
}

function list(causes: readonly Tried[]): string {
  const labels = causes.map(({ label }) => label)
  return labels.length < 2 ? labels.join('') : `${labels.slice(0, -1).join(', ')} and ${labels.at(-1)}`
}
