import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { describe, expect, test, vi } from 'vitest'
import type { Stack } from '../harness/stack.ts'
import { allGroups, createScene } from './embedded/fixtures/scene.ts'
import { removeLeftovers } from './embedded/leftovers.ts'
import { limiters } from './limits/index.ts'
import { startStack } from './stack.ts'

// Every test eats memory inside a limit of 256 MiB over the whole stack, and nowhere else.

const never = new AbortController().signal
const limits = { memoryLimitBytes: 256 << 20, cpus: 1, memoryScope: 'stack' } as const
const reasons = await Promise.all(
  limiters
    .filter((limiter) => limiter.createShared)
    .map(async (one) => `${one.kind}: ${(await one.unavailable()) ?? 'works'}`),
)
const isPossible = reasons.some((reason) => reason.endsWith(': works'))

const part = (stack: Stack, name: 'postgres' | 'redis') => stack.parts?.find((one) => one.name === name)
const oomKills = (stack: Stack) => [
  stack.datastorage.counters?.read().oomKills,
  part(stack, 'postgres')?.counters?.read().oomKills,
  part(stack, 'redis')?.counters?.read().oomKills,
]

async function query(stack: Stack, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: stack.postgres?.connectionString })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end().catch(() => {})
  }
}

describe.skipIf(!isPossible)(`one memory limit over the whole stack (${reasons.join('; ')})`, () => {
  test('holds every process of it, each part in a group of its own', async () => {
    await using scene = await createScene()
    await using stack = await startStack(scene.options({ limits }), never)
    expect(stack.datastorage.limits).toMatchObject({ memoryLimitBytes: 256 << 20, cpus: 1, memoryScope: 'stack' })
    const groupsOf = async (pid: unknown) => (await readFile(`/proc/${pid}/cgroup`, 'utf8')).trim()
    const [backend] = await query(stack, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    expect(await groupsOf(backend)).toMatch(/\/culprit-[^/]+\/postgres$/m)
    expect(await groupsOf(stack.datastorage.pid)).toMatch(/\/culprit-[^/]+\/datastorage$/m)
    expect(stack.parts?.map(({ name }) => name)).toEqual(['postgres', 'redis'])
    for (const one of stack.parts ?? []) expect(one.counters?.read().rssBytes).toBeGreaterThan(1 << 20)
    expect(part(stack, 'postgres')?.counters?.read().shmemBytes).toBeGreaterThan(1 << 20)
    const all = stack.sharedCounters?.read().memoryBytes ?? 0
    expect(all).toBeGreaterThan(stack.datastorage.counters?.read().memoryBytes ?? Number.POSITIVE_INFINITY)
    expect(oomKills(stack)).toEqual([0, 0, 0])
    await stack[Symbol.asyncDispose]()
    expect(await scene.leftovers()).toEqual([])
  })

  test('kills whoever eats it, one after another, and nobody beside', async () => {
    await using scene = await createScene()
    await using stack = await startStack(scene.options({ limits }), never)

    // A session of PostgreSQL: the server does not end, only its counter tells.
    const hungry = query(stack, "SELECT length(string_agg(repeat('x', 100000), '')) FROM generate_series(1, 9000)")
    await expect(hungry).rejects.toThrow(/terminated|crash|closed|reset/i)
    await vi.waitFor(() => expect(oomKills(stack)).toEqual([0, 1, 0]))
    expect(stack.sharedCounters?.read().memoryPeakBytes).toBe(256 << 20)
    await vi.waitFor(async () => expect(await query(stack, 'SELECT 1')).toEqual([1]), 10_000)
    const still = Promise.race([part(stack, 'postgres')?.exited, Promise.resolve('running')])
    expect(await still).toBe('running')

    const redis = new Redis(stack.redis?.url ?? '', { retryStrategy: null })
    redis.on('error', () => {})
    const value = Buffer.alloc(8 << 20, 1)
    // Four times the limit: if none were in force, the test must fail and not take the machine down.
    const filled = (async () => {
      for (let i = 0; i < 128; i++) await redis.set(`filling-${i}`, value)
    })()
    await expect(filled).rejects.toThrow()
    redis.disconnect()
    expect(await part(stack, 'redis')?.exited).toMatchObject({ code: null, signal: 'SIGKILL' })
    expect(oomKills(stack)).toEqual([0, 1, 1])
    expect((await fetch(stack.datastorage.baseUrl)).status).toBe(200)

    await expect(fetch(`${stack.datastorage.baseUrl}/eat`)).rejects.toThrow()
    expect(await stack.datastorage.exited).toMatchObject({ code: null, signal: 'SIGKILL' })
    expect(oomKills(stack)).toEqual([1, 1, 1])
    expect(await query(stack, 'SELECT 1')).toEqual([1])
  })

  test('of a killed harness: its groups, one inside the other, are removed by the next', async () => {
    await using scene = await createScene()
    const owner = spawn(process.execPath, [
      join(import.meta.dirname, 'embedded/fixtures/owner.ts'),
      JSON.stringify(scene.options({ limits })),
    ])
    await once(owner.stdout, 'data')
    const ofOwner = async () => (await allGroups()).filter((name) => name.includes(`-${owner.pid}-`))
    expect(await ofOwner()).not.toEqual([])
    owner.kill('SIGKILL')
    await once(owner, 'exit')
    await removeLeftovers([scene.folder])
    expect(await ofOwner()).toEqual([])
    await vi.waitFor(async () => expect(await scene.leftovers(owner.pid)).toEqual([]), 5_000)
  })
})

test('a way to limit that holds one part alone is refused before anything starts', async () => {
  await using scene = await createScene()
  const refused = startStack(scene.options({ limits, limiter: 'watchdog' }), never)
  await expect(refused).rejects.toMatchObject({ name: 'StackError', message: expect.stringContaining('watchdog') })
  expect(await scene.leftovers()).toEqual([])
})
