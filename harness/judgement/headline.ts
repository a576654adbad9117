import type { Evidence } from '../evidence.ts'
import { deathMs } from '../measure.ts'
import { formatAt } from '../units.ts'
import type { Accounting, ChainLink, Finding, Verdict } from '../verdict.ts'

interface Told {
  readonly outcome: Verdict['outcome']
  readonly chain: readonly ChainLink[]
  readonly findings: readonly Finding[]
  readonly accounting: Accounting
  /** Why nothing can be claimed. */
  readonly reason: string | null
  /** How each hypothesis wants to be named. */
  readonly phrases: ReadonlyMap<string, string>
}

/** The verdict in a few sentences: what happened, and what stands as its cause. Deaths of other parts come first. */
export function headline(told: Told, evidence: Evidence): string {
  const others = told.chain.filter((link) => link.role === 'death' && link.part)
  const own = { ...told, chain: told.chain.filter((link) => !others.includes(link)) }
  return [...others.map((link) => `${phrase(told, link)}.`), ofService(own, evidence, others.length > 0)].join(' ')
}

function ofService(told: Told, evidence: Evidence, isOtherDead: boolean): string {
  const diedMs = deathMs(evidence)
  if (told.outcome === 'crashed') return crashed(told, diedMs ?? 0)
  if (told.outcome === 'survived') return survived(told, isOtherDead)
  const happened =
    diedMs === null
      ? 'Whether DataStorage survives is not known'
      : `DataStorage died at ${formatAt(diedMs)}; why is not known`
  const also = told.chain.length > 0 ? ` Found so far: ${told.chain.map((link) => phrase(told, link)).join(', ')}.` : ''
  return `${happened}: ${told.reason ?? 'the record does not say'}.${also}`
}

function crashed(told: Told, diedMs: number): string {
  const deaths = told.chain.filter((link) => link.role === 'death')
  const death = deaths[0]
  if (!death) {
    const open = told.findings.filter((finding) => finding.role === 'death' && finding.answer === 'inconclusive')
    const why =
      open.length > 0 ? open.map((finding) => `${finding.label}: ${finding.because}`) : ['every cause tried is refuted']
    return `DataStorage died at ${formatAt(diedMs)}; what killed it is not known: ${[...new Set(why)].join(', ')}.${apart(told, [])}`
  }
  if (deaths.length > 1) {
    // Two sentences that exclude each other: naming either one alone would be a guess.
    return `${deaths.map((link) => phrase(told, link)).join('; or: ')}.${apart(told, deaths)}`
  }
  const amplifier = told.chain.find((link) => link.leadsTo === death.hypothesis && link.role === 'amplifier')
  if (amplifier) {
    const triggers = leadingTo(told, amplifier)
    return `${phrase(told, death)}, at the end of ${set(told, amplifier, triggers)}.${apart(told, [death, amplifier, ...triggers])}`
  }
  const triggers = leadingTo(told, death)
  const grown = triggers.filter((link) => link.hypothesis === 'memory-growth')
  const piling = triggers.filter((link) => !grown.includes(link))
  const after = [
    ...(grown.length > 0 ? [`, reached by ${names(told, grown)}`] : []),
    ...(piling.length > 0 ? [`, after ${names(told, piling)} had let work pile up`] : []),
  ].join('')
  return `${phrase(told, death)}${after}.${apart(told, [death, ...triggers])}`
}

function survived(told: Told, isOtherDead: boolean): string {
  const { accounting } = told
  const harm = harms(accounting)
  if (harm.length === 0 && told.chain.length === 0) return unharmed(accounting)
  const amplifier = told.chain.find((link) => link.role === 'amplifier')
  const triggers = amplifier ? leadingTo(told, amplifier) : []
  const cause = amplifier ? set(told, amplifier, triggers) : null
  const rest = apart(told, amplifier ? [amplifier, ...triggers] : [])
  if (harm.length === 0) return `${unharmed(accounting)}${cause ? ` Found on the way: ${cause}.` : ''}${rest}`
  // One part's death before another's errors is an order in time, not a cause.
  const unknown = isOtherDead ? 'whether that is why is not known' : 'why is not known'
  const why = cause ?? (told.chain.length > 0 ? null : unknown)
  return `DataStorage survived, but ${list(harm)}${why ? `: ${why}` : ''}.${rest}`
}

function unharmed({ stored, unknown, emitted, acknowledged, acknowledgedAndLost }: Accounting): string {
  if (emitted === 0) return 'DataStorage survived; no load was sent.'
  if (stored === null) {
    return `DataStorage survived and acknowledged ${acknowledged} of ${emitted} events; the database was not read back.`
  }
  if (acknowledgedAndLost === null) {
    return 'DataStorage survived; what became of the events that it accepted and did not store yet is not known.'
  }
  if (unknown > 0) return `DataStorage survived; what became of ${unknown} of ${emitted} events is not known.`
  return 'DataStorage survived and stored every event exactly once.'
}

function harms(events: Accounting): string[] {
  const of = (count: number | null, what: string) => (count ? [`${count} of ${events.emitted} events ${what}`] : [])
  return [
    ...of(events.droppedByClient, 'were dropped'),
    ...of(events.acknowledgedAndLost, 'were acknowledged and lost'),
    ...of(events.inDeadLetterQueue, 'were still in the dead-letter queue'),
    ...of(events.storedMoreThanOnce, 'were stored more than once'),
    ...of(events.neverAttempted, 'were never sent'),
  ]
}

function leadingTo(told: Told, target: ChainLink): ChainLink[] {
  return told.chain.filter((link) => link.role === 'trigger' && link.leadsTo === target.hypothesis)
}

/** `a retry storm that a starved CPU set off`. */
function set(told: Told, amplifier: ChainLink, triggers: readonly ChainLink[]): string {
  return triggers.length > 0
    ? `${phrase(told, amplifier)} that ${names(told, triggers)} set off`
    : phrase(told, amplifier)
}

/** Causes that stand, but that nothing ties to what was told so far. */
function apart(told: Told, toldOf: readonly ChainLink[]): string {
  const rest = told.chain.filter((link) => !toldOf.includes(link))
  const amplifiers = rest.filter((link) => link.role === 'amplifier')
  const tied = amplifiers.flatMap((amplifier) => leadingTo(told, amplifier))
  const groups = [
    ...amplifiers.map((amplifier) => set(told, amplifier, leadingTo(told, amplifier))),
    ...rest.filter((link) => !amplifiers.includes(link) && !tied.includes(link)).map((link) => phrase(told, link)),
  ]
  return groups.length > 0 ? ` Also found, without a proven tie to that: ${list(groups)}.` : ''
}

function names(told: Told, links: readonly ChainLink[]): string {
  return list(links.map((link) => phrase(told, link)))
}

function list(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

function phrase(told: Told, link: ChainLink): string {
  return told.phrases.get(link.hypothesis) ?? link.hypothesis
}
