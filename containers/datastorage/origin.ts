/** Whom a write is for: whether somebody still waits for it, and how to tell that it is sent again. */
import { createHash } from 'node:crypto'
import type { PoolClient } from 'pg'
import { Problem } from './problem.ts'

/** The client left before the work began, and the service was told to begin nothing that nobody waits for. */
export class Abandoned extends Error {
  constructor() {
    super('the client left before the work began')
    this.name = 'Abandoned'
  }
}

/** The name that a client gives a request, so that a second one with the same events can be told from a new one. */
export interface IdempotencyKey {
  readonly key: string
  /** Of the events: the same key with others is a mistake of the client's. */
  readonly fingerprint: string
}

/** What the routes know of a write's client. */
export interface Origin {
  /** Aborted with `Abandoned` when the client has gone, where the service is told to care. */
  readonly abandoned: AbortSignal
  readonly idempotency?: IdempotencyKey | undefined
}

const keyPattern = /^[\x20-\x7e]{1,255}$/

/**
 * Reads the Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header); undefined where there is none.
 * @throws Problem for a key that is no printable ASCII of 1 to 255 characters
 */
export function readIdempotencyKey(header: unknown, body: unknown): IdempotencyKey | undefined {
  if (header === undefined) return undefined
  if (typeof header !== 'string' || !keyPattern.test(header)) {
    throw new Problem(400, 'Idempotency-Key takes 1 to 255 printable ASCII characters')
  }
  return { key: header, fingerprint: createHash('sha256').update(JSON.stringify(body)).digest('base64url') }
}

/**
 * Takes the key for these events, in the transaction that stores them: both are there, or neither. A transaction that
 * holds the same key is waited for.
 * @returns the ids under which an earlier request with this key stored its events, or undefined when there was none
 * @throws Problem when that request had other events
 */
export async function claimKey(
  client: PoolClient,
  { key, fingerprint }: IdempotencyKey,
  eventIds: readonly string[],
): Promise<readonly string[] | undefined> {
  const claimed = await client.query(
    'INSERT INTO idempotency_keys (key, fingerprint, event_ids) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [key, fingerprint, eventIds],
  )
  if (claimed.rowCount === 1) return undefined
  const { rows } = await client.query<{ fingerprint: string; event_ids: string[] }>(
    'SELECT fingerprint, event_ids FROM idempotency_keys WHERE key = $1',
    [key],
  )
  const earlier = rows[0]
  // Forgotten between the two statements: a day has passed since it was stored.
  if (!earlier) throw new Problem(503, 'the Idempotency-Key has just expired: send again')
  if (earlier.fingerprint !== fingerprint) throw new Problem(422, 'this Idempotency-Key was used for other events')
  return earlier.event_ids
}
