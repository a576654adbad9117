import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { StackError } from '../../harness/errors.ts'
import type { ProcessExit } from '../../harness/stack.ts'
import { missingSetpriv, plainEnv } from './tool.ts'

const tailLines = 20

/** What to start, and how. */
export interface ChildOptions {
  /** What messages call it, such as `PostgreSQL`. */
  readonly name: string
  /** Puts the whole command line behind it, such as the shell that enters a control group. It must exec. */
  readonly prefix?: readonly string[]
  readonly command: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** What the kernel sends the process when this process dies, in setpriv's words. */
  readonly deathSignal: 'INT' | 'KILL'
  readonly onLine?: (line: string, from: 'stdout' | 'stderr') => void
}

/** A long-running process of the stack. */
export interface Child {
  readonly pid: number
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<ProcessExit>
  /** The last lines of both its outputs. */
  logTail(): readonly string[]
  /** Resolves with the first line that matches, past or future. Fails if the process ends, on abort, or after the time. */
  line(pattern: RegExp, wait: Wait): Promise<string>
  /** Fails with a StackError if the process ends before `work` does; an abort fails it with the signal's reason. */
  whileRunning<T>(work: (signal: AbortSignal) => Promise<T>, wait: Wait): Promise<T>
  /** Asks it to stop with `signal`, kills it after `graceMs`, and returns when it is gone and its output is read. */
  stop(signal: NodeJS.Signals, graceMs: number): Promise<void>
}

/** How long to wait, and what ends the wait early. */
export interface Wait {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Starts a process that dies with this one (the kernel sees to it, also after kill -9), in a session of its own: a Ctrl-C
 * in the terminal reaches us alone, and we stop the parts in order. Call it from the main thread: the kernel's signal
 * comes at the death of the thread that started the process.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const [file, ...args] = [
    ...(options.prefix ?? []),
    'setpriv',
    '--pdeathsig',
    options.deathSignal,
    '--',
    ...options.command,
  ]
  const child = spawn(file ?? 'setpriv', args, {
    cwd: options.cwd,
    env: { ...plainEnv(), ...options.env },
    detached: true,
    stdio: 'pipe',
  })
  const pid = child.pid
  if (pid === undefined) {
    const [cause] = await once(child, 'error')
    throw options.prefix ? new StackError(`cannot start ${file}`, { cause }) : missingSetpriv(cause)
  }
  child.stdin.on('error', () => {}).end(options.input)
  const output = followOutput(child, options.onLine)
  const exited = new Promise<ProcessExit>((resolve) =>
    child.once('exit', (code, signal) => resolve({ pid, code, signal })),
  )
  // Descendants may hold the pipes a little longer than the process lives: do not wait for them for long.
  const outputRead = Promise.race([once(child, 'close'), exited.then(() => delay(500))])

  async function whileRunning<T>(work: (signal: AbortSignal) => Promise<T>, wait: Wait): Promise<T> {
    const ended = new AbortController()
    const timeout = AbortSignal.timeout(wait.timeoutMs)
    const stop = AbortSignal.any([wait.signal, timeout, ended.signal])
    const aborted = once(stop, 'abort').then(async (): Promise<never> => {
      wait.signal.throwIfAborted()
      const logTail = () => output.tail.slice()
      if (!timeout.aborted) await outputRead
      const what = timeout.aborted
        ? `was not ready after ${wait.timeoutMs} ms`
        : `ended before it was ready: ${ending(child)}`
      throw new StackError(`${options.name} ${what}`, { logTail: logTail() })
    })
    aborted.catch(() => {})
    exited.then(() => ended.abort())
    wait.signal.throwIfAborted()
    try {
      return await Promise.race([work(stop), aborted])
    } catch (error) {
      // Work that fails because of the abort must not hide what ended it.
      if (stop.aborted) return await aborted
      throw error
    }
  }

  return {
    pid,
    exited,
    logTail: () => output.tail.slice(),
    line: (pattern, wait) => whileRunning((signal) => output.line(pattern, signal), wait),
    whileRunning,
    async stop(signal, graceMs) {
      child.kill(signal)
      const killer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await exited
      clearTimeout(killer)
      await outputRead
    },
  }
}

function ending(child: ChildProcess): string {
  return child.signalCode ? `signal ${child.signalCode}` : `exit code ${child.exitCode}`
}

function followOutput(child: ChildProcess, onLine: ChildOptions['onLine']) {
  const tail: string[] = []
  const watchers = new Set<(line: string) => void>()
  for (const from of ['stdout', 'stderr'] as const) {
    const stream = child[from]
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      tail.push(line)
      if (tail.length > tailLines) tail.shift()
      for (const watcher of watchers) watcher(line)
      onLine?.(line, from)
    })
  }
  function line(pattern: RegExp, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const past = tail.find((text) => pattern.test(text))
      if (past !== undefined) return resolve(past)
      const watcher = (text: string) => {
        if (!pattern.test(text)) return
        watchers.delete(watcher)
        resolve(text)
      }
      watchers.add(watcher)
      signal.addEventListener('abort', () => {
        watchers.delete(watcher)
        reject(signal.reason)
      })
    })
  }
  return { tail, line }
}
