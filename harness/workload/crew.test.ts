import { describe, expect, test } from 'vitest'
import { createClock } from '../clock.ts'
import type { SampleLine } from '../sample.ts'
import { sampleLineSchema } from '../sample.ts'
import { drive, startCrew } from './index.ts'
import { client, idOf, load, never, startService } from './workload.fixture.ts'

/** Long enough for two threads to start. */
const leadMs = 1_500

async function play(baseUrl: string, workers: number, signal = never, changed: Partial<typeof load> = {}) {
  const lines: SampleLine[] = []
  const record = (bytes: Uint8Array) => {
    for (const line of Buffer.from(bytes).toString().trimEnd().split('\n'))
      lines.push(sampleLineSchema.parse(JSON.parse(line)))
  }
  await using crew = startCrew(workers, record)
  const of = { load: { ...load, queriesPerSec: 0, ...changed }, client, seed: 1, runId: 'run-1', baseUrl, signal }
  const driving = drive({ ...of, clock: createClock(leadMs), sample: (line) => lines.push(line), crew })
  await driving.done
  return { live: driving.live, lines }
}

describe('a crew', () => {
  test('sends every event once, under the number that the record says, each RR when it is due', async () => {
    const service = await startService()
    const { live, lines } = await play(service.baseUrl, 2)
    const attempts = lines.filter((line) => line.kind === 'attempt')
    const recorded = attempts.flatMap((line) =>
      Array.from({ length: line.events }, (_, index) => `${line.client} ${line.firstEvent + index}`),
    )
    expect(new Set(recorded).size).toBe(18)
    expect(service.stored.map(idOf).sort()).toEqual(recorded.sort())
    expect(live).toMatchObject({ planned: 18, emitted: 18, acknowledged: 18, dropped: 0, openAttempts: 0 })
    expect(attempts.every(({ startedMs, intendedMs }) => startedMs >= intendedMs)).toBe(true)
  })

  test('has the schedule that one thread has', async () => {
    const service = await startService()
    const due = async (workers: number) => {
      const { lines } = await play(service.baseUrl, workers, never, { emitter: 'direct' })
      return lines
        .flatMap((line) => (line.kind === 'attempt' ? [`${line.client} ${line.firstEvent} ${line.intendedMs}`] : []))
        .sort()
    }
    const [alone, shared] = [await due(1), await due(2)]
    expect(alone).toHaveLength(18)
    expect(shared).toEqual(alone)
  })

  test('that is stopped leaves a summary of each client, with what is open', async () => {
    const service = await startService(() => null)
    const abort = new AbortController()
    void service.asked.then(() => abort.abort())
    const { lines } = await play(service.baseUrl, 2, abort.signal)
    const clients = lines.filter((line) => line.kind === 'client')
    expect(clients.map((line) => line.client).sort()).toEqual(
      Array.from({ length: 6 }, (_, index) => `rr-run-1-000${index + 1}`),
    )
    expect(clients.some(({ unfinished }) => unfinished > 0)).toBe(true)
  })

  test('of which a thread ends in mid-load ends the load with the reason', async () => {
    const service = await startService(() => null)
    const crew = startCrew(2, () => {})
    const of = { load, client, seed: 1, runId: 'run-1', baseUrl: service.baseUrl, signal: never, crew }
    const driving = drive({ ...of, clock: createClock(leadMs), sample: () => {} })
    void service.asked.then(() => crew[Symbol.asyncDispose]())
    await expect(driving.done).rejects.toThrow('ended by itself')
  })
})
