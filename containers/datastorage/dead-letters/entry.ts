/** One entry of the dead-letter queue: an event that was accepted and is not in the database yet. */
import { type IdentifiedEvent, openapi } from '../contract.ts'

/** An entry as it is in the stream, under the field `message`, as JSON. */
export interface Entry {
  readonly type: 'audit_event'
  /** The event, with the id that it will be stored under. */
  readonly payload: IdentifiedEvent
  /** When it was put into the stream, for the first time or again after a retry. */
  readonly timestamp: string
  /** Retries so far. */
  readonly retry_count: number
  readonly last_error: string
}

const eventFields = ['event_id', ...Object.keys(openapi.components.schemas.AuditEvent.properties)]

/** An event's first entry. */
export function firstEntry(event: IdentifiedEvent, why: string): Entry {
  return { type: 'audit_event', payload: event, timestamp: new Date().toISOString(), retry_count: 0, last_error: why }
}

/** The entry for the time after a retry that failed. */
export function nextEntry(entry: Entry, why: string): Entry {
  return { ...entry, timestamp: new Date().toISOString(), retry_count: entry.retry_count + 1, last_error: why }
}

/** When an entry is to be tried, in ms since the epoch. After the schedule's end, its last delay goes on. */
export function dueAtMs(entry: Entry, scheduleMs: readonly number[]): number {
  const delayMs = scheduleMs[Math.min(entry.retry_count, scheduleMs.length - 1)] ?? 0
  return Date.parse(entry.timestamp) + delayMs
}

/** The entry as JSON. Of the payload only what is stored: a client may have sent much else. */
export function formatEntry(entry: Entry): string {
  const payload = Object.fromEntries(eventFields.map((name) => [name, Reflect.get(entry.payload, name)]))
  return JSON.stringify({ ...entry, payload })
}

/** Reads an entry back. Throws for a message that nobody of us can have written. */
export function parseEntry(message: string): Entry {
  const entry: Entry = JSON.parse(message)
  if (!entry?.payload?.event_id || !Number.isInteger(entry.retry_count) || Number.isNaN(Date.parse(entry.timestamp))) {
    throw new Error('the message is no dead-letter entry')
  }
  return entry
}
