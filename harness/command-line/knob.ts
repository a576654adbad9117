import type { Load, Scenario } from '../scenario.ts'

export const maxRrs = 100_000

/** What bounds a knob on this machine and in this program. */
export interface Bounds {
  readonly memoryBytes: number
  readonly cpus: number
  readonly profiles: readonly string[]
  /** What is wrong with options of a profile, a line each. */
  readonly checkProfileOptions?: (profile: string, options: Readonly<Record<string, unknown>>) => readonly string[]
  /** The load of a recorded run, by what a user calls it. Absent: there are no records. Throws an InputError. */
  readonly recordedLoad?: (run: string) => { readonly name: string; readonly load: Load }
}

/** `text`: the same in words that mean it tomorrow, too, where those given may not. */
type Applied = { readonly scenario: Scenario; readonly text?: string } | { readonly problem: string }

/** One thing about a scenario that a flag can change. */
export interface Knob {
  readonly flag: string
  readonly value: string
  readonly description: string
  /** It tells how the stand-in behaves: then it is nobody's business who judges, and goes to truth.json alone. */
  readonly isTruth?: true
  /** The queueing model of `predict` does not know it. */
  readonly isNotModelled?: true
  /** The scenario with this knob set to what `text` says, or what is wrong with `text`. */
  apply(scenario: Scenario, text: string, bounds: Bounds): Applied
}

/** A whole number within bounds, or `null`. */
export function wholeNumber(text: string, min: number, max: number): number | null {
  const n = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return n >= min && n <= max ? n : null
}
