import { max, median, min } from 'simple-statistics'
import { batchPath, writeBody } from '../body.ts'
import type { Paced } from '../deliveries.ts'
import { runJob } from '../processes.ts'
import { ours } from '../tools/ours.ts'
import type { Latencies, Played } from '../tools/tool.ts'
import type { Question } from './question.ts'

const connections = 50
/** Until V8 has compiled for the last time what sends: its threads share the one core. */
const warmMs = 5_000
const quickWarmMs = 1_000

/** At half of what it can do, and at a rate that runs have. */
export const sendDelay: Question = {
  name: 'send-delay',
  title: 'How late requests are sent',
  async ask({ rounds, isQuick, startServer, ofTools, measureMs, dir, say }) {
    const warmUpMs = isQuick ? quickWarmMs : warmMs
    await using server = await startServer()
    const load = {
      url: `${server.origin}${batchPath}`,
      ...(await writeBody(dir, 1)),
      connections,
      warmUpMs,
      durationMs: measureMs,
    }
    const most = await runJob<Played>({ kind: 'saturate', tool: ours.name, load }, ofTools)
    if (most.requests === 0) throw new Error(`${ours.name} had no answers (${most.failed} failed)`)
    const half = Number((((most.requests / most.elapsedMs) * 1_000) / 2).toPrecision(2))
    const asked: { readonly what: string; readonly delays: Latencies[]; readonly measure: () => Promise<Latencies> }[] =
      [
        ...[half, 100].map((ratePerSec) => ({
          what: perSec(ratePerSec),
          delays: [],
          measure: async () =>
            (await runJob<Paced>({ kind: 'deliver', load: { ...load, ratePerSec } }, ofTools)).sendDelays,
        })),
        {
          what: `${perSec(half)}, sending nothing`,
          delays: [],
          measure: () => runJob<Latencies>({ kind: 'watch', ratePerSec: half, durationMs: measureMs }, ofTools),
        },
      ]
    for (let round = 0; round < rounds; round++) {
      for (const { what, delays, measure } of asked) {
        const delay = await measure()
        say(`  ${what}: p99 ${delay.p99} ms`)
        delays.push(delay)
      }
    }
    return {
      header: ['Rate', 'Due', 'p50', 'p90', 'p99', 'max'],
      rows: asked.map(({ what, delays }) => [
        what,
        delays.reduce((sum, { count }) => sum + count, 0).toLocaleString('en'),
        ...(['p50', 'p90', 'p99', 'max'] as const).map((figure) => spread(delays.map((one) => one[figure]))),
      ]),
      note: `From when a request was due to when it was sent: at half of what it could do just before, and at 100/s. Warm: after ${warmUpMs / 1_000} s at the same rate, on the connections that these had opened. Open model: nothing is left out. Sending nothing: a loop that does no more than look whether a request is due, and that the machine stops, too. The median of ${rounds} rounds of ${measureMs / 1_000} s, and their least and most.`,
      data: asked.map(({ what, delays }) => ({ what, delays })),
    }
  },
}

function perSec(ratePerSec: number): string {
  return `${ratePerSec.toLocaleString('en')}/s`
}

/** Such as `0.34 ms (0.29 to 0.52)`. */
function spread(valuesMs: readonly number[]): string {
  const [least, middle, most] = [min, median, max].map((of) => of([...valuesMs]).toFixed(2))
  return valuesMs.length > 1 ? `${middle} ms (${least} to ${most})` : `${middle} ms`
}
