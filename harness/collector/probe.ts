import type { Clock } from '../clock.ts'
import type { ProbeLine } from '../probe-line.ts'
import type { RunEvent } from '../sample.ts'
import type { Stack } from '../stack.ts'

export interface ProbeContext {
  readonly stack: Stack
  readonly clock: Clock
  /** Writes a line into the record, and shows it to those who watch. Does nothing once the collector has stopped. */
  readonly probe: (line: ProbeLine) => void
  readonly event: (line: RunEvent) => void
}

/** A started probe. Stopping it waits until what it had open is closed. */
export interface StartedProbe {
  stop(): Promise<void> | void
}

/** One source of evidence: one file each, listed in index.ts. */
export interface Probe {
  readonly name: string
  start(context: ProbeContext): StartedProbe
}

/**
 * Calls `read` every `everyMs`, on a beat that does not drift. A beat that finds `maxOpen` readings under way is
 * left out, so that a slow target does not gather requests.
 */
export function onBeat(everyMs: number, read: () => Promise<void> | void, { maxOpen = 1 } = {}): StartedProbe {
  const open = new Set<Promise<void>>()
  const beat = () => {
    if (open.size >= maxOpen) return
    const reading = Promise.resolve(read())
    open.add(reading)
    void reading.finally(() => open.delete(reading))
  }
  beat()
  const timer = setInterval(beat, everyMs)
  return {
    async stop() {
      clearInterval(timer)
      await Promise.allSettled(open)
    },
  }
}
