/** The query string of GET /api/v1/audit/events, once the document's schema has let it through. */
import { Problem } from './problem.ts'

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const firstMs = Date.parse('0001-01-01T00:00:00Z')

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
  const ago = Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN)
  // PostgreSQL knows earlier years, but not as JavaScript writes them.
  const at = unit ? new Date(Math.max(Date.now() - ago, firstMs)) : new Date(raw)
  // A leap second is a time in RFC 3339, and none in JavaScript.
  if (at.getTime() >= firstMs) return at
  throw new Problem(400, `${name} must be relative such as 24h, or an RFC 3339 time, got "${raw}"`)
}
