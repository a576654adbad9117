/**
 * The ways a command can end, as exit codes. 1 is left to Node itself, so that a broken harness is never read as a verdict.
 */
export const exitCodes = {
  /** The expectation held, or nothing was expected and a verdict was reached. */
  held: 0,
  /** The expectation did not hold. */
  notHeld: 2,
  /** Not known: inconclusive, or the load generator was saturated. */
  notKnown: 3,
  /** Bad input: nothing was started. */
  badInput: 4,
  /** The stack could not start, or this machine cannot run it. */
  stack: 5,
  /** Interrupted by Ctrl-C, SIGTERM or a closed terminal. */
  interrupted: 130,
} as const

/** Something the user gave cannot be used. Carries every problem found, not just the first. Exit code 4. */
export class InputError extends Error {
  override name = 'InputError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('\n'), options)
    this.problems = problems
  }
}

/**
 * The run could not be carried out: a part of the stack did not start, or the record could not be written. `hint` says
 * what to try, `logTail` carries the last log lines. Exit code 5.
 */
export class StackError extends Error {
  override name = 'StackError'
  readonly hint: string | undefined
  readonly logTail: readonly string[]
  constructor(message: string, options: ErrorOptions & { hint?: string; logTail?: readonly string[] } = {}) {
    super(message, options)
    this.hint = options.hint
    this.logTail = options.logTail ?? []
  }
}

/** The process that carried out a run ended by itself, as one that the kernel kills for its memory: the next run may do better. */
export class ProcessEndedError extends StackError {
  override name = 'ProcessEndedError'
}

/** The user stopped the command. Exit code 130. */
export class InterruptedError extends Error {
  override name = 'InterruptedError'
}

/** What was thrown first, where more failed while it was being cleaned up after. */
export function firstOf(error: unknown): unknown {
  return error instanceof SuppressedError ? firstOf(error.suppressed) : error
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error)
}
