import { constants } from 'node:os'
import type { ProcessExit } from '../stack.ts'

/**
 * Who ended a process. `error`: itself, with an error code. `abort`: itself or the kernel, for a fault in it (V8's heap
 * limit, a segmentation fault). `sent`: a signal that processes are sent. `clean`: itself, without an error.
 */
export type ExitKind = 'error' | 'abort' | 'sent' | 'clean' | 'unknown'

/** Signals that a process raises by its own doing. Anyone may send them, but then nothing tells the two apart. */
const ownSignals = ['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGSYS', 'SIGPIPE', 'SIGXCPU']

/** How the main process ended, in words. A code above 128 is a signal, as shells and container engines report it. */
export function describeExit({ code, signal }: ProcessExit): { readonly kind: ExitKind; readonly because: string } {
  const name = signal ?? signalOf(code)
  if (name) {
    const by = signal ? `ended by ${name}` : `exit code ${code} (${name})`
    return { kind: ownSignals.includes(name) ? 'abort' : 'sent', because: by }
  }
  if (code === null) return { kind: 'unknown', because: 'the exit carries neither a code nor a signal' }
  return { kind: code === 0 ? 'clean' : 'error', because: `exit code ${code}` }
}

function signalOf(code: number | null): string | undefined {
  if (code === null || code <= 128) return undefined
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0]
}
