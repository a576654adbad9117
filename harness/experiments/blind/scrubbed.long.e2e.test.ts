import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faults } from '../../../containers/faults/index.ts'
import { blind as scenario } from '../../../scenarios/blind.ts'
import { readEvidence, readManifest } from '../../evidence.ts'
import { hypotheses } from '../../hypotheses/index.ts'
import { judge } from '../../judgement/judge.ts'
import { recordFiles, truthSchema } from '../../record.ts'
import { createProgress } from '../../report/progress.ts'
import { run } from '../../run.ts'
import { copyForJudge } from './copy-for-judge.ts'

test('findings stay when the scenario is renamed, the logs are scrubbed and truth.json is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'culprit-scrubbed-'))
  try {
    const [dir, copy] = [join(folder, 'run'), join(folder, 'copy')]
    const fault = faults.find(({ name }) => name === 'uncaught-exception')
    if (!fault?.prepare) throw new Error('there is such a fault')
    using progress = createProgress(process.stderr)
    const plan = {
      scenario: fault.prepare(scenario, 4),
      seed: 1,
      runtime: 'embedded',
      limiter: 'auto',
      faults: [{ fault, level: 4 }],
      expect: { expectation: 'any', from: 'a changed knob' },
      command: '',
      replay: '',
    } as const
    const before = await run(plan, dir, progress, new AbortController().signal)
    const truth = truthSchema.parse(JSON.parse(await readFile(join(dir, recordFiles.truth), 'utf8')))
    expect(truth.faults).toMatchObject([{ name: 'uncaught-exception', tookEffect: true }])

    await copyForJudge(dir, copy)
    const manifest = { ...(await readManifest(copy)), scenario: 'renamed', id: 'renamed', command: '' }
    await writeFile(join(copy, recordFiles.manifest), JSON.stringify(manifest))
    const after = judge(manifest, await readEvidence(copy), hypotheses)
    const answers = ({ findings }: typeof after) => findings.map(({ hypothesis, answer }) => [hypothesis, answer])
    expect(answers(after)).toEqual(answers(before))
    expect(after.chain).toEqual(before.chain)
    expect(after.chain.map(({ hypothesis }) => hypothesis)).toEqual(['uncaught-exception'])

    // Nothing that was said of the fault anywhere but in truth.json and the stand-in's own log.
    for (const file of ['manifest', 'samples', 'probes', 'events', 'stored'] as const) {
      const text = await readFile(join(copy, recordFiles[file]), 'utf8')
      expect(text).not.toMatch(/uncaught|"profile"|tookEffect/)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
