import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { HostConfig } from 'dockerode'
import { z } from 'zod'
import { type ContainerState, type Engine, type EngineEvent, partSchema } from '../../harness/engine.ts'
import { messageOf, StackError } from '../../harness/errors.ts'
import type { ContainerEngine } from '../engines.ts'
import { ofRun, partLabel } from './label.ts'

export type WitnessedEvent = Omit<EngineEvent, 'engineMs'> & {
  readonly engineEpochMs: number
  readonly containerId: string
}

/** The engine's event stream about one run. Disposing closes it. */
export interface Witness extends Disposable {
  /** For all downstream. */
  readonly engine: Engine
  /** Calls back with each event to come. */
  onNext(listener: (event: WitnessedEvent) => void): void
}

/** What an event looks like on the wire; Podman's has the same fields. */
const wireEvent = z.object({
  Action: z.string(),
  timeNano: z.number(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
})

/** A program run inside a container is none of the container's own events, and there may be thousands. */
const passing = /^(exec|health)_/

/** Opens the stream. It is open when this returns: nothing that happens to the run's containers afterwards is missed. */
export async function openWitness(engine: ContainerEngine, run: string): Promise<Witness> {
  const closed = new AbortController()
  const past: WitnessedEvent[] = []
  const listeners: ((event: WitnessedEvent) => void)[] = []
  /** A stream that is opened again begins with events that were seen before. */
  const known = new Set<string>()
  let lastNano = 0

  const open = (since?: number) =>
    engine.api.getEvents({
      filters: JSON.stringify({ ...ofRun(run), type: ['container'] }),
      ...(since !== undefined && { since }),
      abortSignal: closed.signal,
    })
  const take = (line: string) => {
    const parsed = wireEvent.safeParse(parseJson(line))
    const event = parsed.data
    const part = partSchema.safeParse(event?.Actor.Attributes[partLabel]).data
    if (!event || !part || passing.test(event.Action)) return
    const key = `${event.timeNano} ${event.Actor.ID} ${event.Action}`
    if (known.has(key)) return
    known.add(key)
    lastNano = Math.max(lastNano, event.timeNano)
    const seen: WitnessedEvent = {
      part,
      action: event.Action,
      engineEpochMs: event.timeNano / 1e6,
      exitCode: numberOrNull(event.Actor.Attributes.exitCode),
      signal: signalName(event.Actor.Attributes.signal),
      containerId: event.Actor.ID,
    }
    past.push(seen)
    for (const listener of listeners) listener(seen)
  }
  const follow = async (first: NodeJS.ReadableStream) => {
    let stream = first
    while (!closed.signal.aborted) {
      try {
        for await (const line of createInterface({ input: stream })) take(line)
      } catch {
        // It broke off: what was missed meanwhile is asked for, below.
      }
      if (closed.signal.aborted) return
      await delay(100, undefined, { signal: closed.signal })
      stream = await open(Math.floor(lastNano / 1e9))
    }
  }
  const stream = await open().catch((cause: unknown) => {
    throw new StackError(`${engine.name} does not show its events: ${messageOf(cause)}`, { cause })
  })
  // An engine that is gone for good ends the run by other means: nothing answers any more.
  follow(stream).catch(() => {})

  return {
    engine: {
      name: engine.name,
      version: engine.version,
      onEvent(listener) {
        const tell = ({ containerId: _, ...event }: WitnessedEvent) => listener(event)
        for (const event of past) tell(event)
        listeners.push(tell)
      },
      inspect: () => inspectRun(engine, run),
    },
    onNext: (listener) => listeners.push(listener),
    [Symbol.dispose]: () => closed.abort(),
  }
}

async function inspectRun({ api }: ContainerEngine, run: string): Promise<ContainerState[]> {
  const containers = await api.listContainers({ all: true, filters: JSON.stringify(ofRun(run)) })
  const states = await Promise.all(
    containers.map(async ({ Id, Labels }) => {
      const part = partSchema.parse(Labels[partLabel])
      const { Config, HostConfig, RestartCount, State } = await api.getContainer(Id).inspect()
      return {
        part,
        image: Config.Image,
        status: State.Status,
        oomKilled: State.OOMKilled ?? null,
        // The engine says 0 of one that still runs.
        exitCode: State.Running ? null : State.ExitCode,
        restartCount: RestartCount ?? null,
        ...limitsSaid(HostConfig),
      }
    }),
  )
  return states.sort((a, b) => a.part.localeCompare(b.part))
}

/** An engine says 0 of what is not limited, and -1 of swap that is unlimited. */
export function limitsSaid({ Memory = 0, MemorySwap = 0, NanoCpus = 0 }: HostConfig) {
  return {
    memoryLimitBytes: Memory > 0 ? Memory : null,
    memoryAndSwapLimitBytes: MemorySwap > 0 ? MemorySwap : null,
    cpus: NanoCpus > 0 ? NanoCpus / 1e9 : null,
  }
}

/** A signal's name, from the number or name that an engine gives it. */
export function signalName(given: string | undefined): string | null {
  if (given === undefined || given === '') return null
  if (!/^\d+$/.test(given)) return given
  return Object.entries(constants.signals).find(([, number]) => number === Number(given))?.[0] ?? given
}

function numberOrNull(text: string | undefined): number | null {
  return text === undefined || text === '' ? null : Number(text)
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
