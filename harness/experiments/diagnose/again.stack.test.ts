import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { healthy } from '../../../scenarios/healthy.ts'
import { readEvidence, readManifest } from '../../evidence.ts'
import { createProgress } from '../../report/progress.ts'
import { run } from '../../run.ts'
import { planAgain, planChanged } from './plan.ts'
import { writeRecorded } from './world.fixture.ts'

test('a record is done again with one thing changed, and watched for as long as asked although its load is over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'culprit-again-'))
  try {
    const [dir, again] = [join(folder, 'first'), join(folder, 'again')]
    const { client, limits } = healthy
    const load = { ...healthy.load, rrs: 5, lifeMs: 300, queriesPerSec: 0 }
    const phases = { ...healthy.phases, warmUpMs: 500 }
    await writeRecorded(dir, { load, client, limits, phases, seed: 7 }, healthy.service)

    const known = { scenarios: [], profiles: [], causes: [], faults: [], memoryBytes: 2 ** 40, cpus: 64 }
    const evidence = { ...(await readEvidence(dir)), appliedLimits: null }
    const planned = await planAgain(dir, await readManifest(dir), evidence, {}, known)
    const plan = planChanged(planned, { flag: 'pool', value: '7' }, known, 3_000)
    if ('why' in plan) throw new Error(plan.why)
    using progress = createProgress(process.stderr)
    await run(plan, again, progress, new AbortController().signal)
    expect(await readManifest(again)).toMatchObject({ load, client, limits, seed: 7, poolSize: 7 })
    const { end, service } = await readEvidence(again)
    expect(end).toMatchObject({ reason: 'drained' })
    expect(end?.t).toBeGreaterThanOrEqual(3_000)
    expect(service.at(-1)?.poolMax).toBe(7)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
