import { isDeepStrictEqual } from 'node:util'
import { arrivalsOf, describeArrivals, peakPerSec, startsMs } from '../arrivals.ts'
import type { Scenario } from '../scenario.ts'
import type { RawFlags } from './raw-flags.ts'

/** Of one run: what never ends within a day is a slip, and beyond 24.8 days Node's timers fire at once. */
const mostMs = 24 * 3_600_000
/**
 * Bare Node sockets send 71,000 requests a second on one core, autocannon 62,000 (nginx answering 201, measured): what is
 * beyond cannot be sent by anything of this kind. Below it, each run measures whether it was sent on time.
 */
export const mostEventsPerSec = 70_000
/** What a load takes beyond its last RR and that one's life: a backlog that is worked off. */
export const afterLoadMs = 60_000

const loadFlags = ['replay', 'arrivals', 'pace', 'rrs', 'duration'] as const

/**
 * Checks that the RRs of a changed load arrive at all, within a day, and no faster than they can be sent; and gives the
 * run the time that they take.
 *
 * @param problems what is wrong is added to it
 */
export function withTimeFor(
  scenario: Scenario,
  untouched: Scenario,
  seed: number,
  flags: RawFlags,
  problems: string[],
): Scenario {
  const { load, phases } = scenario
  if (isDeepStrictEqual(load, untouched.load) || Number.isNaN(seed)) return scenario
  const given = loadFlags.flatMap((flag) => (flags[flag] === undefined ? [] : [`--${flag} ${flags[flag]}`])).join(' ')
  const starts = startsMs(load, seed)
  const found = problemsOf(scenario, starts)
  problems.push(...found.map((problem) => `${given}: ${problem}`))
  const lastMs = Math.ceil(starts.at(-1) ?? 0)
  if (found.length > 0 || lastMs + load.lifeMs <= phases.maxMs) return scenario
  return { ...scenario, phases: { ...phases, maxMs: lastMs + load.lifeMs + afterLoadMs } }
}

function problemsOf({ load }: Scenario, starts: readonly number[]): string[] {
  const found: string[] = []
  const words = describeArrivals(load)
  const lastMs = starts.at(-1) ?? 0
  if (starts.length < load.rrs) {
    found.push(`never ends: of ${load.rrs} RRs only ${starts.length} ever arrive (${words})`)
  } else if (lastMs > mostMs) {
    found.push(`would go on for ${Math.ceil(lastMs / 3_600_000)} h (${load.rrs} RRs, ${words}): 24 h is the most`)
  }
  const peak = lastMs > 0 ? peakPerSec(arrivalsOf(load)) : null
  if (peak !== null && peak * load.eventsPerRr > mostEventsPerSec) {
    const perSec = Math.round(peak * load.eventsPerRr).toLocaleString('en')
    found.push(
      `${perSec} events/s are beyond what can be sent: ${mostEventsPerSec.toLocaleString('en')} is the most; "burst" sends all at once, as fast as it goes`,
    )
  }
  return found
}
