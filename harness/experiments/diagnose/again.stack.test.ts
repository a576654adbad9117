import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { healthy } from '../../../scenarios/healthy.ts'
import { readEvidence, readManifest } from '../../evidence.ts'
import { createProgress } from '../../report/progress.ts'
import { run } from '../../run.ts'
import { planAgain, planChanged } from './plan.ts'

test('a run is done again from its record, watched for as long as asked although its load is over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'culprit-again-'))
  try {
    const [dir, again] = [join(folder, 'first'), join(folder, 'again')]
    using progress = createProgress(process.stderr)
    const load = { ...healthy.load, rrs: 5, lifeMs: 300, queriesPerSec: 0 }
    const scenario = { ...healthy, load, phases: { ...healthy.phases, warmUpMs: 500 } }
    const expectation = { expectation: 'any', from: 'a changed knob' } as const
    const once = { runtime: 'embedded', limiter: 'auto', expect: expectation, command: '', replay: '' } as const
    const signal = new AbortController().signal
    await run({ ...once, scenario, seed: 7 }, dir, progress, signal)

    const manifest = await readManifest(dir)
    const known = { scenarios: [], profiles: [], causes: [], faults: [], memoryBytes: 2 ** 40, cpus: 64 }
    const planned = await planAgain(dir, manifest, await readEvidence(dir), {}, known)
    const plan = planChanged(planned, { flag: 'pool', value: '7' }, known, 3_000)
    if ('why' in plan) throw new Error(plan.why)
    await run(plan, again, progress, signal)
    expect(await readManifest(again)).toMatchObject({ load, seed: 7, limits: manifest.limits, poolSize: 7 })
    const { end, service } = await readEvidence(again)
    expect(end).toMatchObject({ reason: 'drained' })
    expect(end?.t).toBeGreaterThanOrEqual(3_000)
    expect(service.at(-1)?.poolMax).toBe(7)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
