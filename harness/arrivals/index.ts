import { z } from 'zod'
import type { Random } from '../random.ts'
import type { Described } from '../schema.ts'
import { batches } from './batches.ts'
import { burst } from './burst.ts'
import type { ArrivalsKind, Parsed } from './kind.ts'
import { poisson } from './poisson.ts'
import { ramp } from './ramp.ts'
import { rate } from './rate.ts'
import { steps } from './steps.ts'

/** Every way for RRs to arrive, in the order in which `--help` shows them. */
const kinds = [burst, batches, rate, ramp, steps, poisson] as const

type SchemasOf<K> = { readonly [I in keyof K]: K[I] extends { readonly schema: infer S } ? S : never }

export const arrivalsSchema = z.discriminatedUnion(
  'kind',
  kinds.map(({ schema }) => schema) as unknown as SchemasOf<typeof kinds>,
)
/** When RRs arrive, as data. Whether earlier ones have been answered plays no part in it (open model). */
export type Arrivals = Described<typeof arrivalsSchema>

type AnyKind = ArrivalsKind<z.ZodType<Arrivals>>
const byName = new Map(kinds.map((kind) => [kind.name, kind as unknown as AnyKind]))

/** What the command line takes: `burst`, `batches:<n>/<time>` and so on. */
export const syntaxes: readonly string[] = kinds.map(({ name, syntax }) => (syntax ? `${name}:${syntax}` : name))

/** One of each, as it is typed. */
export const examples: readonly string[] = kinds.map(({ example }) => example)

/** From the command line. */
export function parseArrivals(text: string): Parsed<Arrivals> {
  const at = text.indexOf(':')
  const name = at < 0 ? text : text.slice(0, at)
  const kind = byName.get(name)
  if (!kind) return { problem: `takes one of: ${syntaxes.join(', ')}` }
  return kind.parse(at < 0 ? '' : text.slice(at + 1))
}

function kindOf({ kind }: Arrivals): AnyKind {
  const found = byName.get(kind)
  if (!found) throw new Error(`there are no arrivals of the kind ${kind}`)
  return found
}

/** When each RR arrives, in milliseconds since the burst; ends where no more ever come. */
export function startsOf(arrivals: Arrivals, random: Random): Generator<number> {
  return kindOf(arrivals).startsMs(arrivals, random)
}

export function isSteady(arrivals: Arrivals): boolean {
  return kindOf(arrivals).isSteady
}

/** The highest rate. `null`: all come at once. */
export function peakPerSec(arrivals: Arrivals): number | null {
  return kindOf(arrivals).peakPerSec(arrivals)
}

export function describe(arrivals: Arrivals): string {
  return kindOf(arrivals).describe(arrivals)
}
