import type { Evidence } from './evidence.ts'
import type { Scenario } from './scenario.ts'
import type { ProcessExit, Stack } from './stack.ts'

/** How hard a fault is done: 1 is mild and still enough to show, 5 is hard. */
export type Level = 1 | 2 | 3 | 4 | 5
export const levels: readonly Level[] = [1, 2, 3, 4, 5]

/** Where a fault from outside is done. */
export interface FaultScene {
  readonly stack: Stack
  /** Uniform in [0, 1): the same seed gives the same faults. */
  readonly random: () => number
  /** Resolves at a time since the burst; rejects when the run is over before. */
  until(atMs: number): Promise<void>
  readonly signal: AbortSignal
  /** Notes what was done, for the check. */
  note(fact: string): void
}

/** What a fault's check may look at. Nothing of it is evidence, save what `evidence` holds. */
export interface Witness {
  readonly evidence: Evidence
  /** What the stand-in says in its own log that its profile did, in the order of the log. */
  readonly confessions: readonly Readonly<Record<string, unknown>>[]
  /** What was done from outside. */
  readonly notes: readonly string[]
  readonly exit: ProcessExit | null
}

/** Whether a fault did what it is there for. */
export interface Effect {
  readonly tookEffect: boolean
  readonly because: string
}

/**
 * A real fault: one file each in containers/faults, listed in its index.ts. Either the stand-in is started otherwise
 * (`prepare`), or something is done from outside while the load runs (`inject`).
 */
export interface Fault {
  readonly name: string
  /** One line. */
  readonly description: string
  /** The causes that a verdict must name, these and no others. Empty: a look-alike, of which none may be named. */
  readonly causes: readonly string[]
  /** The runtimes that it can be made on. */
  readonly runtimes: readonly Stack['runtime'][]
  /** It stops the database in mid-run and starts it again: its data must outlast that. */
  readonly stopsDatabase?: true
  /** What a level means, such as `64 MiB/s`. */
  describe(level: Level): string
  /** The scenario with the fault in it. */
  prepare?(scenario: Scenario, level: Level): Scenario
  /** Done once, from the burst on. */
  inject?(scene: FaultScene, level: Level): Promise<void>
  /** Whether it took effect, from its own traces and raw measurements; no hypothesis is asked. */
  check(witness: Witness, level: Level): Effect
}

/** A fault as it is given to a run. */
export interface ChosenFault {
  readonly fault: Fault
  readonly level: Level
}

/** `nested-checkout:3`. */
export function nameChoice({ fault, level }: ChosenFault): string {
  return `${fault.name}:${level}`
}
