/** The shape of a profile: the behaviour that the service is started with. One file each, listed in index.ts. */
import type { Pool } from 'pg'
import type { z } from 'zod'
import type { IdentifiedEvent } from '../contract.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Origin } from '../origin.ts'
import type { Repository } from '../repository.ts'

/** The parts of the service that a profile works with. */
export interface ProfileParts {
  pool: Pool
  repository: Repository
  metrics: Metrics
  log: Log
}

/** What the service does with writes while it runs. */
export interface Behaviour {
  /**
   * Asked once per write request, before its body is read.
   * @param awaitingAnswer accepted write requests whose client still waits, this one not counted
   */
  admit(awaitingAnswer: number): 'accept' | 'reset'
  /**
   * Stores valid events, all or nothing, and resolves with the ids under which they are stored. Runs on when the client
   * has gone, unless `origin` says otherwise.
   * @param limitMs the time that the real service gives its database for such a request
   * @param origin to be handed to the repository
   */
  write(events: IdentifiedEvent[], limitMs: number, origin?: Origin): Promise<readonly string[]>
  /** Ends what the profile started; writes that still wait are rejected. */
  close(): Promise<void>
}

/** A profile, whatever its options are. */
export interface Profile {
  name: string
  /** One line. */
  description: string
  /** Checks the options, and fills in the defaults. */
  options: z.ZodType
  /** @param options as given by the user; checked again here */
  start(options: unknown, parts: ProfileParts): Promise<Behaviour>
}

/** Makes a profile whose `start` sees its own checked options. */
export function defineProfile<Schema extends z.ZodType>(profile: {
  name: string
  description: string
  options: Schema
  start(options: z.output<Schema>, parts: ProfileParts): Promise<Behaviour>
}): Profile {
  return { ...profile, start: (options, parts) => profile.start(profile.options.parse(options), parts) }
}
