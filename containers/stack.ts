import { StackError } from '../harness/errors.ts'
import type { Stack } from '../harness/stack.ts'
import { startEmbedded } from './embedded/embedded.ts'
import type { StackOptions } from './stack-options.ts'

type Start = (options: StackOptions, signal: AbortSignal) => Promise<Stack>

/** One function for each way to run the stack; all return the same kind of stack. */
const runtimes: Readonly<Record<StackOptions['runtime'], Start>> = {
  auto: startEmbedded,
  embedded: startEmbedded,
  docker: notYet('docker'),
  podman: notYet('podman'),
  target: notYet('target'),
}

function notYet(runtime: string): Start {
  return () => Promise.reject(new StackError(`--runtime ${runtime} is not there yet`, { hint: 'use embedded' }))
}

/**
 * Starts PostgreSQL, Redis and the service. All are ready when this returns; otherwise a StackError, or the signal's
 * reason after an abort, and what had been started is stopped.
 */
export async function startStack(options: StackOptions, signal: AbortSignal): Promise<Stack> {
  return runtimes[options.runtime](options, signal)
}
