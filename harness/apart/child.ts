/** The process of one run: takes its plan from the process that started it, and says what came of it. */

import { once } from 'node:events'
import { firstOf, InterruptedError, messageOf, StackError } from '../errors.ts'
import { listenForInterruption } from '../interruption.ts'
import { run } from '../run.ts'
import type { ApartJob, ApartNews, ApartResult } from './index.ts'

async function carryOut({ plan, dir }: ApartJob, signal: AbortSignal): Promise<ApartResult> {
  const tell = (news: ApartNews) => process.connected && process.send?.(news)
  const progress = { say: (message: string) => tell({ say: message }), watch: () => {}, [Symbol.dispose]: () => {} }
  try {
    return { verdict: await run(plan, dir, progress, signal) }
  } catch (thrown) {
    const error = firstOf(thrown)
    const message = messageOf(error)
    if (error instanceof InterruptedError) return { kind: 'interrupted', message }
    if (!(error instanceof StackError)) return { kind: 'other', message: (error as Error)?.stack ?? message }
    const { hint, logTail } = error
    return { kind: 'stack', message, logTail, ...(hint !== undefined && { hint }) }
  }
}

// Whoever started it says that all is being stopped.
using interruption = listenForInterruption(() => {})
const left = new AbortController()
process.once('disconnect', () => left.abort(new InterruptedError('interrupted')))
const [job] = (await once(process, 'message')) as [ApartJob]
const result = await carryOut(job, AbortSignal.any([interruption.signal, left.signal]))
// With nobody left to hear it there is no channel.
if (process.connected) process.send?.(result, () => process.disconnect())
