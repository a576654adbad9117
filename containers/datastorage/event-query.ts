/** The query string of GET /api/v1/audit/events. */
import { z } from 'zod'
import { eventCategories, eventOutcomes } from './contract.ts'

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const time = z.string().transform((raw, context): Date => {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(raw) ?? []
  const at = amount && unit ? new Date(Date.now() - Number(amount) * (unitMs[unit] ?? Number.NaN)) : rfc3339(raw)
  // PostgreSQL would take an earlier year, but not as JavaScript writes it.
  if (at && at.getUTCFullYear() >= 0) return at
  context.addIssue({ code: 'custom', message: `must be relative such as 24h, or RFC 3339, got "${raw}"` })
  return z.NEVER
})

function rfc3339(raw: string): Date | undefined {
  return z.iso.datetime({ offset: true }).safeParse(raw).success ? new Date(raw) : undefined
}

const wholeNumber = (min: number, max: number, fallback: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .default(fallback)

/**
 * The filters and the page. An unknown parameter is an error: a misspelt filter that is ignored would answer with
 * everything. `since` and `until` become moments in time, both inclusive.
 */
export const eventQuerySchema = z.strictObject({
  event_type: z.string().optional(),
  event_category: z.enum(eventCategories, `must be one of ${eventCategories.join(', ')}`).optional(),
  event_outcome: z.enum(eventOutcomes, `must be one of ${eventOutcomes.join(', ')}`).optional(),
  severity: z.string().optional(),
  correlation_id: z.string().optional(),
  since: time.optional(),
  until: time.optional(),
  limit: wholeNumber(1, 1000, 50),
  offset: wholeNumber(0, 2 ** 31 - 1, 0),
})

/** A query string after validation. */
export type EventQuery = z.output<typeof eventQuerySchema>

/** One sentence for each bad parameter of a query string. */
export function describeBadQuery(error: z.ZodError): { detail: string; fields: string[] } {
  const unknown = error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []))
  const named = error.issues.filter((issue) => issue.code !== 'unrecognized_keys')
  const sentences = [
    ...named.map((issue) => `${issue.path.join('.')} ${issue.message}`),
    ...unknown.map((key) => `${key} is not a parameter`),
  ]
  return {
    detail: sentences.join('; '),
    fields: [...named.map((issue) => issue.path.join('.')), ...unknown.map(() => 'unknown')],
  }
}
