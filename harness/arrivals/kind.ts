import type { z } from 'zod'
import type { Random } from '../random.ts'

/** A way for RRs to arrive: data, and the moments that follow from it. One file each, listed in `index.ts`. */
export interface ArrivalsKind<S extends z.ZodType> {
  readonly name: string
  /** What follows the name and a colon on the command line, such as `<from>-<to>/s:<time>`. Empty: nothing does. */
  readonly syntax: string
  /** As it is typed, name and all. */
  readonly example: string
  readonly schema: S
  /** From what follows the name. `forMs`: the time that the words give, which says how many RRs there are. */
  parse(words: string): Parsed<z.output<S>>
  /** When each RR arrives, in milliseconds since the burst, never falling. It goes on for as long as RRs ever come. */
  startsMs(arrivals: z.output<S>, random: Random): Generator<number>
  /** Whether the rate is the same all along, if one looks over some seconds. */
  readonly isSteady: boolean
  /** The highest rate. `null`: there is none, since all come at once. */
  peakPerSec(arrivals: z.output<S>): number | null
  /** `20 RRs/s`. */
  describe(arrivals: z.output<S>): string
}

export type Parsed<A> = { readonly arrivals: A; readonly forMs: number | null } | { readonly problem: string }

/** For its types: what a file of a kind exports. */
export function defineKind<S extends z.ZodType>(kind: ArrivalsKind<S>): ArrivalsKind<S> {
  return kind
}
