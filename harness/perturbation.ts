import { arrivingMs } from './arrivals.ts'
import type { Manifest } from './record.ts'

/** A run as it was recorded: what a change starts from. */
export type Settings = Pick<Manifest, 'load' | 'client' | 'limits' | 'poolSize'>

/** One flag of a run with another value than the run had; all else stays equal, the seed included. */
export interface Change {
  readonly flag: string
  readonly value: string
}

/** What must become of the crash under a change. */
export type Expected = 'gone' | 'gone or later' | 'sooner' | 'alike'

/**
 * A prediction about another run: what must become of the crash, if the claim is true, once this is changed. `gone` and
 * `gone or later` are cures, `sooner` is a worsening. `alike`: the claim holds whatever is changed here, so that a crash
 * that goes away refutes it; it confirms a death, of which no knob is the cure, and nothing else.
 */
export interface Perturbation {
  readonly expected: Expected
  /** What the change does, as part of a sentence: `with twice the CPU`. */
  readonly does: string
  /** The changes that do it, best first; any of them will do. Empty: this run has nothing to turn there. */
  changes(run: Settings): readonly Change[]
}

/** What a hypothesis expects of other runs, or why no knob of a run reaches it. */
export type Perturbations = readonly Perturbation[] | { readonly none: string }

const MiB = 2 ** 20
/** As `--cpus` is read back. */
const hundredths = (cpus: number) => String(Math.round(cpus * 100) / 100)

function memory(factors: readonly number[]): Perturbation['changes'] {
  return ({ limits }) =>
    factors.map((factor) => ({
      flag: 'memory',
      value: `${Math.round((factor * limits.memoryLimitBytes) / MiB)}m`,
    }))
}

export const moreMemory = { does: 'with more memory', changes: memory([2, 1.5]) }
export const lessMemory = { does: 'with less memory', changes: memory([0.5, 0.75]) }

export const moreCpu = {
  does: 'with more CPU',
  changes: ({ limits }: Settings) => [2, 1.5].map((by) => ({ flag: 'cpus', value: hundredths(by * limits.cpus) })),
}
export const lessCpu = {
  does: 'with less CPU',
  changes: ({ limits }: Settings) => [{ flag: 'cpus', value: hundredths(limits.cpus / 2) }],
}

export const largerPool = {
  does: 'with a larger pool',
  changes: ({ poolSize }: Settings) => [4, 2].map((by) => ({ flag: 'pool', value: String(by * poolSize) })),
}
export const smallerPool = {
  does: 'with a smaller pool',
  changes: ({ poolSize }: Settings) =>
    poolSize > 1 ? [{ flag: 'pool', value: String(Math.floor(poolSize / 2)) }] : [],
}
export const oneConnection = {
  does: 'with one connection',
  changes: ({ poolSize }: Settings) => (poolSize > 1 ? [{ flag: 'pool', value: '1' }] : []),
}

export const noRetries = {
  does: 'without retries',
  changes: ({ client }: Settings) => (client.attempts > 1 ? [{ flag: 'attempts', value: '1' }] : []),
}
/** More attempts spread the same load over longer pauses; clients that give up sooner send more for nobody. */
export const lessPatience = {
  does: 'with clients that give up sooner',
  changes: ({ client }: Settings) => [{ flag: 'client-timeout', value: `${Math.round(client.timeoutMs / 2)}ms` }],
}

/** How many times as long the same RRs take to come. */
const gentler = 4

/** The same RRs over a longer time, and at least over that of one RR's life. */
export const gentlerPace = {
  does: 'with the same load over a longer time',
  changes: ({ load }: Settings) => {
    const { rrs, lifeMs } = load
    const wantedMs = Math.max(gentler * arrivingMs(load), lifeMs)
    const each = Math.max(1, Math.floor((rrs * 1_000) / wantedMs))
    const everyMs = each > 1 ? 1_000 : Math.ceil(wantedMs / rrs)
    return rrs > 1 ? [{ flag: 'pace', value: `${each}/${everyMs}ms` }] : []
  },
}
export const moreLoad = {
  does: 'with twice the RRs',
  changes: ({ load }: Settings) => [{ flag: 'rrs', value: String(2 * load.rrs) }],
}
