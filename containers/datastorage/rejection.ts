/** Tells an event that the database will never take from a database that is in trouble. */
import pg from 'pg'
import type { AuditEvent } from './contract.ts'

/** The client's fault, not the service's: the same event fails again, whatever the retries. */
export class EventRejected extends Error {
  /** The event's place in its batch. */
  readonly index: number
  readonly field: string
  constructor(index: number, { field, why }: { field: string; why: string }, options?: ErrorOptions) {
    super(why, options)
    this.name = 'EventRejected'
    this.index = index
    this.field = field
  }
}

/** Whether an error of the database is about the data, and not about the database. */
export function isAboutData(error: unknown): error is pg.DatabaseError {
  if (!(error instanceof pg.DatabaseError) || !error.code) return false
  // Class 22: data exception. Class 54: beyond a limit of PostgreSQL, such as the size of an index's entry.
  return ['23503', '23514'].includes(error.code) || error.code.startsWith('22') || error.code.startsWith('54')
}

/** The database's error as the event's, if it is about the event. */
export function rejectionOf(error: unknown, event: AuditEvent, index: number): EventRejected | undefined {
  if (!isAboutData(error)) return undefined
  return new EventRejected(index, explain(error, event), { cause: error })
}

function explain({ code, message }: pg.DatabaseError, event: AuditEvent): { field: string; why: string } {
  if (code === '23503') {
    return { field: 'parent_event_id', why: `parent_event_id ${event.parent_event_id} is not a stored event` }
  }
  if (code === '23514') {
    const why = `event_timestamp ${event.event_timestamp} lies in no month that has a partition`
    return { field: 'event_timestamp', why }
  }
  return { field: 'event', why: `the database cannot hold its data: ${message}` }
}
