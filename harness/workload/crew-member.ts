import { parentPort } from 'node:worker_threads'
import { clockFrom } from '../clock.ts'
import { sampleJson } from '../record.ts'
import type { SampleLine } from '../sample.ts'
import type { CrewJob, CrewOrder, CrewReport } from './crew.ts'
import { isOwnTimed } from './emitters.ts'
import { planLoad } from './life-cycle.ts'
import { createLive } from './live.ts'
import { createPlayers } from './players.ts'
import { createSender } from './send.ts'

/** How long a line waits for others, as it does in the record itself. */
const heldBackMs = 5

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
  let lines = ''
  let timer: NodeJS.Timeout | undefined
  const report = (state: CrewReport['state']) => {
    clearTimeout(timer)
    const { planned: _, emittedByClient: __, ...counts } = live
    port?.postMessage({ lines, live: counts, state } satisfies CrewReport)
    lines = ''
  }
  const sample = (line: SampleLine) => {
    if (lines === '') timer = setTimeout(report, heldBackMs, 'playing')
    lines += `${sampleJson(line)}\n`
  }
  const { emitter } = load
  if (!isOwnTimed(emitter)) throw new Error(`${emitter} is played by one thread`)
  // The whole plan is drawn, so that an RR is the same whoever plays it.
  const plan = planLoad(load, { seed, runId, flushMs: client.flushMs }).filter((_, index) => index % of === place)
  const setup = { client, seed: seed + place, runId, clock, send: sender.send, sample, live }
  const players = createPlayers(emitter, plan, setup)
  void Promise.all(players.map(({ finished }) => finished)).then(() => report('finished'))
  stop = async () => {
    for (const player of players) void player.stop()
    report('over')
    await sender[Symbol.asyncDispose]()
  }
}
