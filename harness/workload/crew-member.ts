import { parentPort } from 'node:worker_threads'
import { clockFrom } from '../clock.ts'
import { createLineBytes } from '../line-bytes.ts'
import { createSampleWriter } from '../record.ts'
import type { SampleLine } from '../sample.ts'
import type { CrewJob, CrewOrder, CrewReport } from './crew.ts'
import { isOwnTimed } from './emitters.ts'
import { planLoad } from './life-cycle.ts'
import { createLive } from './live.ts'
import { createPlayer } from './players.ts'
import { createSender } from './send.ts'

const port = parentPort
if (!port) throw new Error('this is the load generator in a thread of its own: startCrew starts it')

const live = createLive()
let stop = async () => {}

port.on('message', (order: CrewOrder) => {
  if (order === 'stop') void stop()
  else play(order.play)
})

function play({ load, client, seed, runId, baseUrl, clock: shared, place, of }: CrewJob): void {
  const clock = clockFrom(shared)
  const sender = createSender(baseUrl, client.timeoutMs)
  const lines = createLineBytes<SampleLine>({
    write: createSampleWriter(),
    handOver: (buffer, bytes) => send({ lines: buffer.subarray(0, bytes) }, [buffer.buffer as ArrayBuffer]),
  })
  const send = (part: Pick<CrewReport, 'lines' | 'state'>, given: ArrayBuffer[] = []) => {
    const { planned: _, ...counts } = live
    port?.postMessage({ ...part, live: counts } satisfies CrewReport, given)
  }
  const report = (state: CrewReport['state']) => {
    lines.flush()
    send({ state })
  }
  const { emitter } = load
  if (!isOwnTimed(emitter)) throw new Error(`${emitter} is played by one thread`)
  // The whole plan is drawn, so that an RR is the same whoever plays it.
  const plan = planLoad(load, { seed, runId, flushMs: client.flushMs }).filter((_, index) => index % of === place)
  const setup = { client, seed: seed + place, runId, clock, send: sender.send, sample: lines.append, live }
  const player = createPlayer(emitter, plan, setup)
  void player.finished.then(() => report('finished'))
  stop = async () => {
    void player.stop()
    report('over')
    await sender[Symbol.asyncDispose]()
  }
}
