import type { Clock } from '../clock.ts'
import type { Random } from '../random.ts'
import type { ClientSummary, SampleLine } from '../sample.ts'
import type { ClientOptions } from '../scenario.ts'
import type { LiveLoad } from './live.ts'
import type { Send } from './send.ts'

export interface ClientSetup {
  readonly name: string
  readonly options: ClientOptions
  readonly clock: Clock
  readonly send: Send
  readonly sample: (line: SampleLine) => void
  readonly live: LiveLoad
  /** Draws the jitter of pauses. */
  readonly random: Random
}

/** An audit client: events go in, requests go out. */
export interface AuditClient {
  /** As the record has it. An event is known by its client's name and its number there. */
  readonly name: string
  /**
   * Takes an event, as JSON made for the number it gets here: 0, 1, 2, ... `intendedMs` is when it was due, so that a
   * late generator shows as a late send.
   */
  emit(intendedMs: number, jsonOf: (number: number) => string): void
  /** No event will follow. */
  close(): void
  /** Resolves when the client is closed and has nothing left: nothing waiting, nothing in flight. */
  readonly finished: Promise<void>
  /**
   * Stops it where it is and says what it has done. What is in flight is not recorded: it has not ended.
   *
   * @param overdue events that were due for it and that a late generator did not get to emit
   */
  stop(overdue?: number): ClientSummary
}
