import { z } from 'zod'

/** What a schema describes, as a type: read, never changed. */
export type Described<S extends z.ZodType> = Frozen<z.output<S>>
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T

/** Adds what every line of a record has. `t` is in milliseconds since the burst; before it, times are negative. */
export function line<K extends string, S extends z.ZodRawShape>(kind: K, shape: S) {
  return z.object({ kind: z.literal(kind), t: z.number().describe('milliseconds since the burst'), ...shape })
}

/** What does not fit a schema, one problem each, such as `load.rrs: expected number, received string`. */
export function problemsOf(error: z.ZodError): string[] {
  return error.issues.map(
    ({ path, message }) => `${path.join('.') || 'it'}: ${message.replace(/^Invalid input: /, '')}`,
  )
}
