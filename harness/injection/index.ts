import { readFile } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { readEvidence } from '../evidence.ts'
import type { ChosenFault, FaultScene, Witness } from '../fault.ts'
import { createRandom } from '../random.ts'
import type { DoneFault } from '../record.ts'
import type { Stack } from '../stack.ts'

export interface InjectionOptions {
  readonly faults: readonly ChosenFault[]
  readonly stack: Stack
  readonly clock: Clock
  readonly seed: number
  /** The user's: ends everything. */
  readonly signal: AbortSignal
  /** The run is over: what is still to come is left out. */
  readonly over: AbortSignal
}

/** Faults at work from outside. */
export interface Injection {
  /** Resolves when all are done, or were left out because the run was over. */
  readonly done: Promise<void>
  /** What was done, in words: nothing that anybody judges sees. */
  readonly notes: readonly string[]
}

/** Does what is done from outside, each at its time. */
export function inject(options: InjectionOptions): Injection {
  const { faults, stack, clock, seed, signal, over } = options
  const notes: string[] = []
  const works = faults.map(async ({ fault, level }, index) => {
    const scene: FaultScene = {
      stack,
      // Of its own: neither the load nor another fault moves it.
      random: createRandom(seed ^ (0xfa17 + index)),
      until: (atMs) => waitUntil(clock, atMs, over),
      signal,
      note: (fact) => void notes.push(fact),
    }
    await fault.inject?.(scene, level).catch((error: unknown) => {
      if (!over.aborted) notes.push(`${fault.name} failed: ${messageOf(error)}`)
    })
  })
  return { done: Promise.all(works).then(() => {}), notes }
}

function waitUntil(clock: Clock, atMs: number, over: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = () => reject(over.reason)
  if (over.aborted) abort()
  over.addEventListener('abort', abort, { once: true })
  const timer = setTimeout(resolve, Math.max(0, atMs - clock.now()))
  return promise.finally(() => {
    clearTimeout(timer)
    over.removeEventListener('abort', abort)
  })
}

/**
 * Whether each fault took effect, from the record and the stand-in's own log.
 *
 * @param files the record's folder, and the log in it
 */
export async function checkFaults(
  faults: readonly ChosenFault[],
  notes: readonly string[],
  files: { readonly dir: string; readonly log: string },
): Promise<DoneFault[]> {
  if (faults.length === 0) return []
  const evidence = await readEvidence(files.dir)
  const witness: Witness = { evidence, confessions: await readConfessions(files.log), notes, exit: evidence.exit }
  return faults.map(({ fault, level }) => {
    const { name, causes } = fault
    return { name, level, causes, ...fault.check(witness, level) }
  })
}

async function readConfessions(logFile: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    if (!line.includes('"fault"')) return []
    try {
      return [JSON.parse(line) as Record<string, unknown>]
    } catch {
      return [] // the last line of a process that was killed
    }
  })
}
