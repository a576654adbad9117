import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { StackError } from '../../harness/errors.ts'

const run = promisify(execFile)

/** How to run a short-lived program. `input` goes to its stdin. */
export interface ToolOptions {
  /** Puts the whole command line behind it, such as a change of user. It must exec. */
  readonly prefix?: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly hint?: string
  readonly signal?: AbortSignal
}

/** The only surroundings our processes get: nothing of the user's environment may change a measurement. */
export function plainEnv(): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }
}

/** The proxies that the user's environment names, for programs that download. */
export function proxyEnv(): Record<string, string> {
  const names = Object.keys(process.env).filter((name) => /^(https?|no)_proxy$/i.test(name))
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? '']))
}

/**
 * Runs a program to its end and returns its stdout. Fails with a StackError that carries its last lines, or with the
 * signal's reason after an abort. The kernel ends the program if this process dies.
 */
export async function runTool(command: readonly string[], options: ToolOptions = {}): Promise<string> {
  // The death signal comes last: the kernel clears it when the user id changes.
  const [file, ...args] = [...(options.prefix ?? []), 'setpriv', '--pdeathsig', 'KILL', '--', ...command]
  const running = run(file ?? 'setpriv', args, {
    cwd: options.cwd,
    env: { ...plainEnv(), ...options.env },
    signal: options.signal,
    killSignal: 'SIGKILL',
  })
  // A program that ends without reading its input is judged by its exit code, not by the broken pipe.
  running.child.stdin?.on('error', () => {}).end(options.input)
  try {
    return (await running).stdout
  } catch (cause) {
    options.signal?.throwIfAborted()
    if (isMissing(cause)) throw missingSetpriv(cause)
    throw new StackError(`${command.join(' ')} failed`, { cause, hint: options.hint, logTail: outputOf(cause) })
  }
}

/** The error for a system without setpriv, which ties the life of our processes to ours. */
export function missingSetpriv(cause: unknown): StackError {
  return new StackError('setpriv is not on PATH', { cause, hint: 'install util-linux' })
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && error.code === 'ENOENT' && 'path' in error && error.path === 'setpriv'
  )
}

function outputOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const output = ['stdout', 'stderr'].map((name) => String(Reflect.get(error, name) ?? ''))
  return output
    .flatMap((text) => text.split('\n'))
    .filter(Boolean)
    .slice(-20)
}
