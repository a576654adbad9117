import type { Stack } from '../harness/stack.ts'
import { startEmbedded } from './embedded/embedded.ts'
import type { StackOptions } from './stack-options.ts'

/** One function for each way to run the stack; all return the same kind of stack. Docker and Podman go here. */
const runtimes: Readonly<
  Record<StackOptions['runtime'], (options: StackOptions, signal: AbortSignal) => Promise<Stack>>
> = {
  auto: startEmbedded,
  embedded: startEmbedded,
}

/**
 * Starts PostgreSQL, Redis and the service. All are ready when this returns; otherwise a StackError, or the signal's
 * reason after an abort, and what had been started is stopped.
 */
export async function startStack(options: StackOptions, signal: AbortSignal): Promise<Stack> {
  return runtimes[options.runtime](options, signal)
}
