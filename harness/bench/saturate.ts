import { messageOf } from '../errors.ts'
import { meanOf } from '../experiments/statistics/estimates.ts'
import { batchPath, writeBody } from './body.ts'
import { run, runJob } from './processes.ts'
import type { Answer, Bench } from './questions/question.ts'
import type { Server } from './servers/server.ts'
import { formatEstimate, ratioOf, shuffle } from './statistics.ts'
import { autocannonTool } from './tools/autocannon.ts'
import { ours } from './tools/ours.ts'
import { oursUnrecorded } from './tools/ours-unrecorded.ts'
import { sockets } from './tools/sockets.ts'
import type { ClosedLoad, Played, Tool } from './tools/tool.ts'

const connections = 50
const warmUpMs = 2_000

interface Measured extends Played {
  readonly cpuMs: number
}

interface Trial {
  readonly tool: string
  readonly events: number
  readonly round: number
  /** `null` where nothing was answered, as the next two. */
  readonly requestsPerSec: number | null
  readonly cpuUsPerRequest: number | null
  /** CPU time of its time: at 1 it could not do more. */
  readonly cores: number | null
  readonly failed: number
  /** Why nothing was answered, as far as the tool says. */
  readonly why?: string
}

async function saturateWith(tool: Tool, load: ClosedLoad, { ofTools }: Bench): Promise<Measured> {
  if (tool.kind === 'node') return runJob<Measured>({ kind: 'saturate', tool: tool.name, load }, ofTools)
  const { output, cpuMs } = await run([tool.program, ...tool.saturate(load)], ofTools)
  return { ...tool.readPlayed(output), cpuMs }
}

const noAnswers = 'no answers'

/** One turn of a tool. That it fails must not keep others from theirs. */
async function takeTurn(tool: Tool, load: ClosedLoad, bench: Bench): Promise<Omit<Trial, 'tool' | 'events' | 'round'>> {
  const nothing = { requestsPerSec: null, cpuUsPerRequest: null, cores: null }
  try {
    const { requests, failed, elapsedMs, cpuMs } = await saturateWith(tool, load, bench)
    if (requests === 0) return { ...nothing, failed, why: `${noAnswers} (${failed} failed)` }
    const requestsPerSec = (requests / elapsedMs) * 1_000
    return { requestsPerSec, cpuUsPerRequest: (cpuMs / requests) * 1_000, cores: cpuMs / elapsedMs, failed }
  } catch (error) {
    bench.ofTools.signal.throwIfAborted()
    return { ...nothing, failed: 0, why: `${noAnswers}: ${messageOf(error)}` }
  }
}

/** All tools against one server, as fast as they can, at each size of request, round by round in a random order. */
export async function saturate(bench: Bench, server: Server, sizes: readonly number[]): Promise<Answer> {
  const { tools, rounds, measureMs, random, dir, say } = bench
  const bodies = new Map(
    await Promise.all(sizes.map(async (events) => [events, await writeBody(dir, events)] as const)),
  )
  const trials: Trial[] = []
  for (let round = 0; round < rounds; round++) {
    for (const { tool, events } of shuffle(
      sizes.flatMap((events) => tools.map((tool) => ({ tool, events }))),
      random,
    )) {
      const { body = '', bodyFile = '' } = bodies.get(events) ?? {}
      const load = { url: `${server.origin}${batchPath}`, body, bodyFile, connections, warmUpMs, durationMs: measureMs }
      const turn = await takeTurn(tool, load, bench)
      const { requestsPerSec, why } = turn
      say(
        `  ${tool.name}, ${events} in a request: ${requestsPerSec === null ? why : `${Math.round(requestsPerSec)}/s`}`,
      )
      trials.push({ tool: tool.name, events, round, ...turn })
    }
  }
  return {
    header: [
      'Events',
      'Tool',
      'Requests/s',
      'of bare sockets',
      'of autocannon',
      'CPU per request',
      'Own core',
      'Failed',
    ],
    rows: sizes.flatMap((events) => tools.map((tool) => rowOf(tool, events, trials, rounds))),
    note: `Against ${server.name}: ${rounds} rounds in random order, ${measureMs / 1_000} s each, ${connections} connections; means, and ratios within a round, with 95 % intervals. A tool whose own core is not full waited for the server, or shared that core. ${costOfRecording(sizes, trials, rounds)}`,
    data: trials,
    silent: [...new Set(trials.filter(({ why }) => why !== undefined).map(({ tool }) => tool))],
  }
}

type Figure = Exclude<keyof Trial, 'tool' | 'why'>

function series(tool: Tool, events: number, trials: readonly Trial[], rounds: number, figure: Figure) {
  return Array.from({ length: rounds }, (_, round) => {
    const trial = trials.find((one) => one.tool === tool.name && one.events === events && one.round === round)
    return trial?.[figure] ?? null
  })
}

function rowOf(tool: Tool, events: number, trials: readonly Trial[], rounds: number): string[] {
  const of = (one: Tool, figure: Figure) => series(one, events, trials, rounds, figure)
  const speed = of(tool, 'requestsPerSec')
  const ratio = (to: Tool) =>
    to.name === tool.name ? '1' : formatEstimate(ratioOf(speed, of(to, 'requestsPerSec')), (value) => value.toFixed(2))
  const failed = of(tool, 'failed').reduce<number>((sum, count) => sum + (count ?? 0), 0)
  const named = [String(events), tool.note ? `${tool.name} (${tool.note})` : tool.name]
  const silent = speed.filter((value) => value === null).length
  if (silent === rounds) return [...named, noAnswers, '', '', '', '', String(failed)]
  const mean = formatEstimate(meanOf(speed), (value) => Math.round(value).toLocaleString('en'))
  return [
    ...named,
    silent > 0 ? `${mean}; ${noAnswers} in ${silent} of ${rounds} rounds` : mean,
    ratio(sockets),
    ratio(autocannonTool),
    `${formatEstimate(meanOf(of(tool, 'cpuUsPerRequest')), (value) => value.toFixed(1))} µs`,
    `${((meanOf(of(tool, 'cores'))?.mean ?? 0) * 100).toFixed(0)} %`,
    String(failed),
  ]
}

function costOfRecording(sizes: readonly number[], trials: readonly Trial[], rounds: number): string {
  const costs = sizes.map((events) => {
    const [on, off] = [ours, oursUnrecorded].map((tool) => series(tool, events, trials, rounds, 'cpuUsPerRequest'))
    const differences = (on ?? []).map((value, round) => {
      const without = off?.[round] ?? null
      return value === null || without === null ? null : value - without
    })
    const cost = meanOf(differences)
    return cost ? `${cost.mean.toFixed(1)} µs at ${events}` : null
  })
  const known = costs.filter((cost) => cost !== null)
  return known.length === 0
    ? ''
    : `To record an attempt costs ${known.join(', ')} ${sizes.length > 1 ? 'events' : 'event'} in a request.`
}
