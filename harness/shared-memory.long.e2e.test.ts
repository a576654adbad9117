import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { limiters } from '../containers/limits/index.ts'
import { startStack } from '../containers/stack.ts'
import { healthy } from '../scenarios/healthy.ts'
import { createClock } from './clock.ts'
import { startCollector } from './collector/index.ts'
import { createRecord } from './record.ts'
import { manifest } from './report/verdict.fixture.ts'
import { judgeRun } from './run.ts'
import type { Stack } from './stack.ts'
import type { Verdict } from './verdict.ts'
import { drive } from './workload/index.ts'

// A small load on the real stand-in, while something beside it takes the memory of all: from a kill by the kernel to the
// words of the verdict. What eats here ends at four times the limit, should none be in force.

const signal = new AbortController().signal
const reasons = await Promise.all(limiters.filter((one) => one.createShared).map((one) => one.unavailable()))
const isPossible = reasons.includes(null)
const limits = { memoryLimitBytes: 384 << 20, cpus: 1, memoryScope: 'stack' } as const
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culprit-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A run in short: the verdict of a load during which `eat` was done to the stack. */
async function judged(runId: string, eat: (stack: Stack) => Promise<unknown>): Promise<Verdict> {
  const { service, client } = healthy
  const load = { ...healthy.load, rrs: 10, lifeMs: 3_000, queriesPerSec: 0 }
  const options = { runtime: 'embedded', service, limits, logFile: join(folder, `${runId}.log`) } as const
  await using stack = await startStack(options, signal)
  const made = { ...manifest, load, limits, expect: { expectation: 'any', from: 'a changed knob' } } as const
  await using record = await createRecord(await mkdtemp(join(folder, 'run-')), made, { service, replay: '' })
  const clock = createClock(200)
  const { baseUrl, limits: applied } = stack.datastorage
  if (applied) record.event({ kind: 'limits', t: clock.now(), ...applied })
  const collector = startCollector({ stack, clock, probe: record.probe, event: record.event })
  record.event({ kind: 'warm-up', t: clock.now(), attempts: 1, failed: 0 })
  const driving = drive({ load, client, seed: 1, runId, baseUrl, clock, sample: record.sample, signal })
  record.event({ kind: 'burst', t: 0, at: new Date(clock.burstAtEpochMs).toISOString() })
  await expect.poll(() => driving.live.acknowledged).toBeGreaterThan(0)
  await eat(stack)
  await driving.done
  await collector.drained(signal)
  await collector.stop()
  record.event({ kind: 'end', t: clock.now(), reason: 'drained' })
  await record.close()
  return judgeRun(record.dir)
}

const findingOf = ({ findings }: Verdict, name: string) => findings.find(({ hypothesis }) => hypothesis === name)

describe.skipIf(!isPossible)('the verdict of a kill at a limit over the whole stack', () => {
  test('names Redis, which was filled by hand, and not the service, which lives', async () => {
    const verdict = await judged('redis', async (stack) => {
      const redis = new Redis(stack.redis?.url ?? '', { retryStrategy: null })
      redis.on('error', () => {})
      const value = Buffer.alloc(4 << 20, 1)
      const fill = async () => {
        for (let i = 0; i < 384; i++) await redis.set(`filling-${i}`, value)
      }
      await expect(fill()).rejects.toThrow()
      redis.disconnect()
    })
    expect(verdict.headline).toMatch(
      /^The kernel killed Redis at \+\d\.\d s at the memory limit that the whole stack shares, as Redis grew by \d+ MiB\. DataStorage survived/,
    )
    expect(verdict.outcome).toBe('survived')
    expect(verdict.chain).toEqual([
      { role: 'death', hypothesis: 'shared-memory', leadsTo: null, because: null, part: 'redis' },
    ])
    expect(findingOf(verdict, 'memory-limit')?.answer).toBe('not exercised')
    expect(findingOf(verdict, 'outside-kill')?.answer).toBe('refuted')
    expect(verdict.memory).toMatchObject({ scope: 'stack', limitBytes: 384 << 20, peakBytes: 384 << 20 })
  })

  test('names a process of PostgreSQL, although the server itself goes on', async () => {
    const verdict = await judged('postgres', async (stack) => {
      const client = new pg.Client({ connectionString: stack.postgres?.connectionString })
      client.on('error', () => {})
      await client.connect()
      const hungry = "SELECT length(string_agg(repeat('x', 100000), '')) FROM generate_series(1, 9000)"
      await expect(client.query(hungry)).rejects.toThrow()
      await client.end().catch(() => {})
    })
    expect(verdict.headline).toMatch(
      /^The kernel killed a process of PostgreSQL at \+\d\.\d s at the memory limit that the whole stack shares[.,]/,
    )
    expect(verdict.headline).not.toMatch(/(DataStorage|Redis) grew/)
    expect(verdict.chain.map(({ hypothesis, part }) => [hypothesis, part])).toContainEqual([
      'shared-memory',
      'postgres',
    ])
    expect(findingOf(verdict, 'shared-memory')?.because).toContain('its main process lived on')
  })
})
