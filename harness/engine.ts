import { z } from 'zod'
import type { Described } from './schema.ts'

export const partSchema = z
  .enum(['datastorage', 'postgres', 'redis'])
  .describe('a part of the stack; datastorage is the service under test')
export type PartName = Described<typeof partSchema>

/** What people call the parts. */
export const partNames: Readonly<Record<PartName, string>> = {
  datastorage: 'DataStorage',
  postgres: 'PostgreSQL',
  redis: 'Redis',
}

export const engineEventSchema = z.object({
  part: partSchema,
  action: z.string().describe("in the engine's words, such as oom, kill, die, stop, start, restart"),
  engineMs: z.number().describe("by the engine's own clock, milliseconds since the burst: the order among its events"),
  exitCode: z.number().nullable().describe('of a die'),
  signal: z.string().nullable().describe('of a kill, such as SIGKILL'),
})
/** One event of the container engine's stream about one of our containers. */
export type EngineEvent = Described<typeof engineEventSchema>

export const containerStateSchema = z.object({
  part: partSchema,
  image: z.string(),
  status: z.string().describe('such as running, exited, restarting'),
  oomKilled: z
    .boolean()
    .nullable()
    .describe(
      'what the engine says; shown, never trusted: Podman leaves it false, and a shared limit sets it for innocents',
    ),
  exitCode: z.number().nullable(),
  restartCount: z.number().nullable(),
  memoryLimitBytes: z.number().nullable(),
  memoryAndSwapLimitBytes: z.number().nullable(),
  cpus: z.number().nullable(),
})
/** A container as the engine's inspect shows it. */
export type ContainerState = Described<typeof containerStateSchema>

/** The container engine as a witness. Its stream is open before the first container of the stack starts. */
export interface Engine {
  readonly name: 'docker' | 'podman'
  readonly version: string
  /**
   * Calls back with each event about the stack's containers, past ones first, in the engine's order. `engineEpochMs` is
   * the engine's own time of the event, in milliseconds since 1970.
   */
  onEvent(listener: (event: Omit<EngineEvent, 'engineMs'> & { readonly engineEpochMs: number }) => void): void
  inspect(): Promise<ContainerState[]>
}
