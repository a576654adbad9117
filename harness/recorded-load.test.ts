import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startsMs } from './arrivals.ts'
import { InputError } from './errors.ts'
import { readEvidence, readManifest } from './evidence.ts'
import { writeAttempts } from './measure.ts'
import { readRecordedLoad } from './recorded-load.ts'
import { manifest } from './report/verdict.fixture.ts'
import type { Load } from './scenario.ts'
import { planLoad } from './workload/life-cycle.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'culprit-recorded-'))
})
afterEach(() => rm(dir, { recursive: true }))

const load: Load = { ...manifest.load, rrs: 50, pace: null, spreadMs: 0, arrivals: { kind: 'poisson', perSec: 5 } }
const burst = { kind: 'burst', t: 0, at: '2026-11-22T23:10:05Z' }

async function record(events: readonly object[], of: Load = load) {
  await writeFile(join(dir, 'run.json'), JSON.stringify({ ...manifest, load: of, seed: 4 }))
  await writeFile(join(dir, 'events.ndjson'), events.map((event) => `${JSON.stringify(event)}\n`).join(''))
}

const planOf = (played: Load, seed: number) => planLoad(played, { seed, runId: 'x', flushMs: 1_000 })

describe('the load of a recorded run', () => {
  test('has its RRs and events at the same moments, under any seed', async () => {
    await record([burst, { kind: 'end', t: 60_000, reason: 'drained' }])
    const again = readRecordedLoad(dir)
    expect(again).toEqual({ name: dir, load: { ...load, replays: { run: manifest.id, seed: 4 } } })
    expect(planOf(again.load, 99)).toEqual(planOf(load, 4))
    expect(planOf(load, 99)).not.toEqual(planOf(load, 4))
  })

  test('leaves out RRs that had not arrived when the record ended; a record without an end has them all', async () => {
    const starts = startsMs(load, 4)
    await record([burst, { kind: 'end', t: starts[19], reason: 'died' }])
    const { load: again } = readRecordedLoad(dir)
    expect(again.rrs).toBe(20)
    expect(planOf(again, 1)).toEqual(planOf(load, 4).slice(0, 20))
    await record([burst])
    expect(readRecordedLoad(dir).load.rrs).toBe(50)
  })

  test('of a replay is that of the run it replays', async () => {
    await record([burst, { kind: 'end', t: 60_000, reason: 'drained' }], {
      ...load,
      replays: { run: 'first', seed: 77 },
    })
    expect(planOf(readRecordedLoad(dir).load, 1)).toEqual(planOf(load, 77))
  })

  test('is none where the run ended before its load began, or there is no run', async () => {
    await record([{ kind: 'end', t: -2_000, reason: 'error' }])
    expect(() => readRecordedLoad(dir)).toThrow(InputError)
    await writeFile(join(dir, 'run.json'), '{')
    expect(() => readRecordedLoad(dir)).toThrow(/holds no readable run/)
    expect(() => readRecordedLoad(join(dir, 'gone'))).toThrow(/there is no run/)
  })
})

// Were it not so, a replay, and the command that repeats a run, would no longer be what they say.
test('a real old record was sent at the moments that its load and seed give today', async () => {
  const old = join(import.meta.dirname, 'fixtures', 'high-load-quick-v1')
  const { load: then, seed, client } = await readManifest(old)
  const attempts = writeAttempts(await readEvidence(old)).filter(
    ({ attempt, firstEvent }) => attempt === 1 && firstEvent === 0,
  )
  const due = new Map(
    planLoad(then, { seed, runId: 'x', flushMs: client.flushMs }).map(({ name, flushPhaseMs, events }) => {
      const ticks = Math.max(0, Math.ceil(((events[0]?.intendedMs ?? 0) - flushPhaseMs) / client.flushMs))
      return [name.slice(-4), flushPhaseMs + ticks * client.flushMs]
    }),
  )
  expect(attempts.length).toBeGreaterThan(10)
  for (const { client: rr, intendedMs } of attempts) expect(intendedMs).toBeCloseTo(due.get(rr.slice(-4)) ?? -1, 3)
})
