/** The query string of GET /api/v1/audit/events, once the document's schema has let it through. */
import { Problem } from './problem.ts'

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The query string as validated: defaults filled in, numbers read. */
export interface RawEventQuery {
  event_type?: string
  event_category?: string
  event_outcome?: string
  severity?: string
  correlation_id?: string
  since?: string
  until?: string
  limit: number
  offset: number
}

/** The filters and the page; `since` and `until` are moments, both inclusive. */
export interface EventQuery extends Omit<RawEventQuery, 'since' | 'until'> {
  since?: Date
  until?: Date
}

/**
 * Turns `since` and `until` into moments.
 * @throws Problem for a moment that no calendar has
 */
export function toEventQuery({ since, until, ...rest }: RawEventQuery): EventQuery {
  return { ...rest, since: moment('since', since), until: moment('until', until) }
}

function moment(name: string, raw: string | undefined): Date | undefined {
  if (raw === undefined) return undefined
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(raw) ?? []
  const at = amount && unit ? new Date(Date.now() - Number(amount) * (unitMs[unit] ?? Number.NaN)) : new Date(raw)
  // PostgreSQL would take an earlier year, but not as JavaScript writes it. A leap second is no time to JavaScript.
  if (at.getUTCFullYear() >= 0) return at
  throw new Problem(400, `${name} must be relative such as 24h, or an RFC 3339 time, got "${raw}"`)
}
