import { batchPath, writeBody } from '../body.ts'
import type { Paced } from '../deliveries.ts'
import { runJob } from '../processes.ts'
import { ours } from '../tools/ours.ts'
import type { Played } from '../tools/tool.ts'
import type { Question } from './question.ts'

const connections = 50
const warmUpMs = 2_000

/** At half of what it can do, and at a rate that runs have. */
export const sendDelay: Question = {
  name: 'send-delay',
  title: 'How late requests are sent',
  async ask({ startServer, ofTools, measureMs, dir, say }) {
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
    const asked: { ratePerSec: number; paced: Paced }[] = []
    for (const ratePerSec of [half, 100]) {
      const paced = await runJob<Paced>({ kind: 'deliver', load: { ...load, ratePerSec } }, ofTools)
      say(`  ${ratePerSec}/s: send delay p99 ${paced.sendDelays.p99} ms`)
      asked.push({ ratePerSec, paced })
    }
    const ms = (value: number) => `${value.toFixed(2)} ms`
    return {
      header: ['Rate', 'Sent', 'p50', 'p90', 'p99', 'max'],
      rows: asked.map(({ ratePerSec, paced: { sendDelays } }) => [
        `${ratePerSec.toLocaleString('en')}/s`,
        sendDelays.count.toLocaleString('en'),
        ...[sendDelays.p50, sendDelays.p90, sendDelays.p99, sendDelays.max].map(ms),
      ]),
      note: `From when a request was due to when it was sent: at half of what it could do just before, and at 100/s. Warm, on the connections that the seconds before had opened. Open model: nothing is left out.`,
      data: asked,
    }
  },
}
