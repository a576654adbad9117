import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { getCompileCacheDir } from 'node:module'
import { InterruptedError, ProcessEndedError, StackError } from '../errors.ts'
import type { RunPlan } from '../manifest.ts'
import type { Progress } from '../report/progress.ts'
import type { Verdict } from '../verdict.ts'

/** What the process is told, and all that it needs: a plan whose faults are functions cannot be told. */
export interface ApartJob {
  readonly plan: Omit<RunPlan, 'faults'>
  readonly dir: string
}

/** What it says meanwhile. */
export interface ApartNews {
  readonly say: string
}

/** What it says last. */
export type ApartResult =
  | { readonly verdict: Verdict }
  | { readonly kind: 'interrupted' | 'ended' | 'other'; readonly message: string }
  | { readonly kind: 'stack'; readonly message: string; readonly hint?: string; readonly logTail: readonly string[] }

/**
 * One run in a process of its own, as each run of `npm run scenario` is: nothing that earlier runs leave, such as garbage and
 * code compiled for other loads, is in the next one. How much that is has not been told apart from what the machine did: the
 * events/s of one service differed by 18 % in one process and by 2 % between processes in the same minutes, later by 15 %.
 *
 * It ends with this process, however that ends. `say` hears what it is at.
 *
 * @throws StackError, InterruptedError as `run` does; ProcessEndedError
 */
export async function runApart(
  { faults, ...plan }: RunPlan,
  dir: string,
  { say, signal }: { say(message: string): void; signal: AbortSignal },
): Promise<Verdict> {
  if (faults && faults.length > 0) throw new Error('a run with faults cannot be done in a process of its own')
  signal.throwIfAborted()
  const cache = getCompileCacheDir()
  const child = fork(new URL('child.ts', import.meta.url), {
    serialization: 'advanced',
    env: { ...process.env, ...(cache !== undefined && { NODE_COMPILE_CACHE: cache }) },
  })
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop, { once: true })
  try {
    const result = await resultOf(child, { plan, dir }, say)
    // A signal may find it before it listens for any.
    if ('kind' in result && result.kind === 'ended') signal.throwIfAborted()
    return verdictOf(result)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Runs of an experiment, each in a process of its own. What two at the same time both say is shown once. */
export function runsApart(progress: Progress, signal: AbortSignal) {
  let last = ''
  const say = (message: string) => {
    if (message !== last) progress.say(message)
    last = message
  }
  return (plan: RunPlan, dir: string) => runApart(plan, dir, { say, signal })
}

async function resultOf(child: ChildProcess, job: ApartJob, say: (message: string) => void): Promise<ApartResult> {
  let result: ApartResult | null = null
  child.on('message', (said: ApartNews | ApartResult) => {
    if ('say' in said) say(said.say)
    else result = said
  })
  // Where it ended before it could be told, its end says so.
  child.send(job, () => {})
  const [code, signalName] = await once(child, 'exit')
  return result ?? { kind: 'ended', message: `the process of a run ended by itself (${signalName ?? `exit ${code}`})` }
}

function verdictOf(result: ApartResult): Verdict {
  if ('verdict' in result) return result.verdict
  if (result.kind === 'stack') throw new StackError(result.message, result)
  if (result.kind === 'ended') throw new ProcessEndedError(result.message)
  if (result.kind === 'interrupted') throw new InterruptedError(result.message)
  throw new Error(result.message)
}
