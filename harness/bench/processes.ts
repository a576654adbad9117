import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** A program's end: what it printed, and the CPU time of it and its children. */
export interface Ended {
  readonly output: string
  readonly cpuMs: number
}

export interface Place {
  /** The only CPU it may use. `null`: any. */
  readonly cpu: number | null
  /** Where it writes what nobody keeps, since an end by a kill leaves that there. Absent: the system's temp folder. */
  readonly tempDir?: string
  readonly signal: AbortSignal
}

export function isOnPath(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

/** The shell that waits for the program knows what it used, to 10 ms. */
const andTimes = '"$@"; code=$?; times >&3; exit $code'

/** Starts a program in a group of its own, which an abort ends. */
export function start(command: readonly string[], { cpu, tempDir, signal }: Place): ChildProcess {
  const pinned = cpu === null ? command : ['taskset', '-c', String(cpu), ...command]
  const [file = '', ...args] = pinned
  signal.throwIfAborted()
  const env = tempDir ? { ...process.env, TMPDIR: tempDir } : process.env
  const child = spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env })
  const stop = () => end(child)
  signal.addEventListener('abort', stop, { once: true })
  child.once('close', () => signal.removeEventListener('abort', stop))
  return child
}

/** Kills a started program with all that it started. */
export function end({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** Runs a program to its end. @throws Error with what it said, when it fails */
export async function run(command: readonly string[], place: Place, onStart?: () => void): Promise<Ended> {
  const child = start(['sh', '-c', andTimes, 'sh', ...command], place)
  onStart?.()
  const [output, said, times, [code]] = await Promise.all([
    text(child.stdout as NonNullable<typeof child.stdout>),
    text(child.stderr as NonNullable<typeof child.stderr>),
    text(child.stdio[3] as NonNullable<typeof child.stdout>),
    once(child, 'exit'),
  ])
  place.signal.throwIfAborted()
  if (code !== 0) throw new Error(`${command.slice(0, 2).join(' ')} failed: ${said.trim() || output.trim()}`)
  const [, ofChildren = ''] = times.trim().split('\n')
  const cpuMs = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, m, s]) => sum + Number(m) * 60_000 + Number(s) * 1_000,
    0,
  )
  return { output, cpuMs }
}

const worker = join(import.meta.dirname, 'worker.ts')

/** Runs a job of `worker.ts` in a process of its own, and returns what it says last. */
export async function runJob<Result>(job: object, place: Place): Promise<Result> {
  const { output } = await run([process.execPath, worker, JSON.stringify(job)], place)
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Result
}
