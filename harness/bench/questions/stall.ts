import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { messageOf } from '../../errors.ts'
import { batchPath, writeBody } from '../body.ts'
import type { Paced } from '../deliveries.ts'
import { run, runJob } from '../processes.ts'
import { shuffle } from '../statistics.ts'
import { ours } from '../tools/ours.ts'
import type { Latencies, PacedLoad, Tool } from '../tools/tool.ts'
import { latenciesOf, truthOf } from '../truth.ts'
import type { Bench, Question } from './question.ts'

const ratePerSec = 200
const stallMs = 2_000
const connections = 50

interface Stalled {
  readonly tool: string
  readonly said: Latencies
  readonly truth: Latencies
}

interface Silent {
  readonly tool: string
  /** Why it said nothing. */
  readonly why: string
}

/**
 * The server is stopped by SIGSTOP for 2 s in the middle, and goes on: what was due meanwhile waited until then. The truth
 * follows from the schedule and from the two signals' times; what an answer takes otherwise, some tenths of a millisecond,
 * is no part of it.
 */
export const stall: Question = {
  name: 'stall',
  title: 'Percentiles when the server stalls for 2 s',
  async ask(bench) {
    const { tools, random, isQuick, startServer, dir, say } = bench
    const durationMs = isQuick ? 4_000 : 10_000
    const paced = tools.filter(({ pace, name }) => pace && (!isQuick || name === ours.name))
    const results: (Stalled | Silent)[] = []
    for (const tool of shuffle(paced, random)) {
      await using server = await startServer()
      const url = `${server.origin}${batchPath}`
      const load = { url, ...(await writeBody(dir, 1)), connections, warmUpMs: 0, durationMs, ratePerSec }
      const result = await playThrough(tool, load, server.pid, bench).catch((error: unknown): Silent => {
        bench.ofTools.signal.throwIfAborted()
        return { tool: tool.name, why: messageOf(error) }
      })
      results.push(result)
      say(
        'why' in result
          ? `  ${tool.name}: no answers: ${result.why}`
          : `  ${tool.name}: p99 ${result.said.p99.toFixed(0)} ms, in truth ${result.truth.p99.toFixed(0)} ms`,
      )
    }
    const inOrder = tools
      .map((tool) => results.find((one) => one.tool === tool.name))
      .filter((one) => one !== undefined)
    return {
      header: ['Tool', 'Requests', 'p90', 'in truth', 'p99', 'in truth', 'max', 'in truth'],
      rows: inOrder.map((result) =>
        'why' in result ? [result.tool, 'no answers', '', '', '', '', '', ''] : rowOf(result),
      ),
      note: `${ratePerSec} requests/s for ${durationMs / 1_000} s, ${connections} connections where a tool has so many and no more; SIGSTOP to the server for ${stallMs / 1_000} s in the middle. In truth: computed from the schedule and the times of the two signals. wrk knows no rate.`,
      data: results,
      silent: results.filter((result) => 'why' in result).map(({ tool }) => tool),
    }
  },
}

function rowOf({ tool, said, truth }: Stalled): string[] {
  return [
    tool,
    said.count.toLocaleString('en'),
    ...(['p90', 'p99', 'max'] as const).flatMap((of) => [compared(said[of], truth[of]), `${truth[of].toFixed(0)} ms`]),
  ]
}

async function playThrough(tool: Tool, load: PacedLoad, pid: number, { ofTools }: Bench): Promise<Stalled> {
  const { signal } = ofTools
  const startedAtEpochMs = nowEpochMs()
  const playing = playWith(tool, load, ofTools)
  const endsEarly = playing.then(() => {
    throw new Error('it ended before the stall did')
  })
  endsEarly.catch(() => {}) // what comes after the stall is told below
  const pass = (durationMs: number) => Promise.race([wait(durationMs, undefined, { signal }), endsEarly])
  await pass(load.durationMs / 2 - stallMs / 2)
  const fromEpochMs = nowEpochMs()
  process.kill(-pid, 'SIGSTOP')
  await pass(stallMs)
  process.kill(-pid, 'SIGCONT')
  const untilEpochMs = nowEpochMs()
  const { said, beganAtEpochMs = startedAtEpochMs } = await playing
  if (said.count === 0) throw new Error('it counted none')
  const truth = truthOf({ ...load, beganMs: beganAtEpochMs }, { fromMs: fromEpochMs, untilMs: untilEpochMs })
  return { tool: tool.name, said, truth }
}

async function playWith(
  tool: Tool,
  load: PacedLoad,
  place: Bench['ofTools'],
): Promise<{ said: Latencies; beganAtEpochMs?: number }> {
  if (tool.kind === 'program') {
    const { output } = await run([tool.program, ...(tool.pace?.(load) ?? [])], place)
    return { said: (tool.readLatencies ?? (() => latenciesOf([])))(output) }
  }
  if (tool.name !== ours.name) return { said: await runJob<Latencies>({ kind: 'pace', tool: tool.name, load }, place) }
  const { latencies, startedAtEpochMs } = await runJob<Paced>({ kind: 'deliver', load }, place)
  return { said: latencies, beganAtEpochMs: startedAtEpochMs }
}

const nowEpochMs = () => performance.timeOrigin + performance.now()

/** Such as `1,612 ms (-1.2 %)`. */
function compared(said: number, truth: number): string {
  const off = truth === 0 ? '' : ` (${said > truth ? '+' : ''}${((said / truth - 1) * 100).toFixed(1)} %)`
  return `${said.toFixed(said < 10 ? 1 : 0)} ms${off}`
}
