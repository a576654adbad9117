import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cgroupV1 } from '../containers/limits/cgroup-v1.ts'
import { startStack } from '../containers/stack.ts'
import { healthy } from '../scenarios/healthy.ts'
import { createClock } from './clock.ts'
import { readBack, readQueueBack, recover } from './collector/index.ts'
import { readEvidence } from './evidence.ts'
import { accounting, recovery } from './judgement/accounting.ts'
import { createRecord } from './record.ts'
import { manifest } from './report/verdict.fixture.ts'
import { drive } from './workload/index.ts'

const signal = new AbortController().signal
const cannotLimit = await cgroupV1.unavailable()
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culprit-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.skipIf(cannotLimit !== null)('single events against the real stand-in', () => {
  test('what the database refused is acknowledged with 202, and found in the dead-letter queue, not lost', async () => {
    const { service, limits, client } = healthy
    const options = { runtime: 'embedded', service, limits, logFile: join(folder, 'datastorage.log') } as const
    await using stack = await startStack(options, signal)
    const load = { ...healthy.load, rrs: 10, lifeMs: 1_000, queriesPerSec: 0, emitter: 'direct' } as const
    const runId = 'run-1'
    const record = await createRecord(
      await mkdtemp(join(folder, 'run-')),
      { ...manifest, load },
      { service, replay: '' },
    )
    const clock = createClock(50)
    const { baseUrl } = stack.datastorage
    const driving = drive({ load, client, seed: 1, runId, baseUrl, clock, sample: record.sample, signal })

    const postgresUrl = stack.postgres?.connectionString ?? ''
    const postgres = new pg.Client({ connectionString: postgresUrl })
    await postgres.connect()
    // The first events of all RRs are stored; from here on the database has no such table, until the load is over.
    await expect.poll(() => driving.live.acknowledged).toBeGreaterThanOrEqual(10)
    await postgres.query('ALTER TABLE audit_events RENAME TO gone')
    await driving.done
    await postgres.query('ALTER TABLE gone RENAME TO audit_events')
    await postgres.end()

    await readQueueBack({ redisUrl: stack.redis?.url ?? '', runId, clock, write: record.stored })
    await readBack({ postgresUrl, runId, clock, write: record.stored })
    // A service that dies with letters in its queue: they come back once it is started again.
    process.kill(stack.datastorage.pid ?? 0, 'SIGKILL')
    await stack.datastorage.exited
    const { event, stored } = record
    await recover({ stack, runId, clock, isDead: true, event, stored, signal })
    await record.close()
    const evidence = await readEvidence(record.dir)
    const accepted = evidence.attempts.filter((attempt) => attempt.status === 202).length
    expect(accepted).toBeGreaterThan(0)
    expect(accounting(evidence)).toMatchObject({
      emitted: 30,
      acknowledged: 30,
      stored: 30 - accepted,
      inDeadLetterQueue: accepted,
      acknowledgedAndLost: 0,
      lost: 0,
    })
    expect(recovery(evidence)).toMatchObject({
      wasStarted: true,
      // Counted once the service is ready: by then its worker may have taken some.
      queuedBefore: expect.any(Number),
      drainMs: expect.any(Number),
      cameBack: accepted,
      stored: 30,
      lost: 0,
      inDeadLetterQueue: 0,
      storedMoreThanOnce: 0,
    })
  })
})
