import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { faults } from '../../../containers/faults/index.ts'
import { type BlindTrial, scoreOf } from '../../blind-trial.ts'
import { hypotheses } from '../../hypotheses/index.ts'
import { right as one } from '../../report/blind/blind.fixture.ts'
import { renderMatrix, renderScores } from '../../report/blind/text.ts'
import { copyForJudge } from './copy-for-judge.ts'
import { draw } from './draw.ts'

describe('the draw', () => {
  const all = draw(faults, 7, 150)

  it('is the same for the same seed, also when more are drawn, and another one for another seed', () => {
    expect(draw(faults, 7, 40)).toEqual(all.slice(0, 40))
    expect(draw(faults, 8, 40)).not.toEqual(all.slice(0, 40))
  })

  it('gives each single fault at least eight times over its intensities, and no fault as well', () => {
    for (const { name } of faults) {
      const alone = all.filter((one) => one.faults.length === 1 && one.faults[0]?.fault.name === name)
      expect(alone.length, name).toBeGreaterThanOrEqual(8)
      expect(new Set(alone.map((one) => one.faults[0]?.level)).size, name).toBeGreaterThan(2)
    }
    expect(all.filter((one) => one.faults.length === 0).length).toBeGreaterThanOrEqual(8)
    expect(all.filter((one) => one.faults.length === 2).length).toBeGreaterThanOrEqual(16)
  })

  it('never gives the stand-in two behaviours at once', () => {
    for (const one of all) expect(one.faults.filter(({ fault }) => fault.prepare).length).toBeLessThan(2)
  })
})

it('every fault maps to hypotheses that exist', () => {
  const names = hypotheses.map(({ name }) => name)
  for (const { causes } of faults) for (const cause of causes) expect(names).toContain(cause)
})

describe('the copy that a judge gets', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'culprit-blind-'))
  })
  afterEach(() => rm(dir, { recursive: true, force: true }))

  it('holds neither truth nor verdict nor the log, and of stderr only that there was some', async () => {
    const events = ['{"kind":"burst","t":0,"at":"x"}', '{"kind":"stderr","t":5,"line":"at profiles/uncaught.ts"}', '']
    for (const file of ['run.json', 'truth.json', 'verdict.json', 'datastorage.log', 'samples.ndjson'])
      await writeFile(join(dir, file), '{}')
    for (const file of ['probes.ndjson', 'stored.ndjson']) await writeFile(join(dir, file), '')
    await writeFile(join(dir, 'events.ndjson'), events.join('\n'))
    const copy = join(dir, 'copy')
    await copyForJudge(dir, copy)
    expect((await readdir(copy)).sort()).toEqual([
      'events.ndjson',
      'probes.ndjson',
      'run.json',
      'samples.ndjson',
      'stored.ndjson',
    ])
    const copied = await readFile(join(copy, 'events.ndjson'), 'utf8')
    expect(copied).not.toContain('uncaught')
    expect(copied.split('\n')).toHaveLength(events.length)
  })
})

describe('the score', () => {
  it.each<[string, Partial<BlindTrial>, string]>([
    ['exactly the drawn set', {}, 'right'],
    ['nothing where nothing was drawn', { drawn: [], named: [] }, 'right'],
    ['the drawn set and more', { named: ['pool-exhaustion', 'retry-storm'] }, 'wrong'],
    ['something where nothing was drawn', { drawn: [] }, 'wrong'],
    ['less than was drawn', { named: [] }, 'not known'],
    ['anything where the fault did nothing', { tookEffect: false }, 'no effect'],
  ])('of %s', (_, changed, score) => {
    expect(scoreOf({ ...one, ...changed })).toBe(score)
  })

  it('is told with the matrix, the reasons and the command that repeats a run', () => {
    const open = { ...one, named: [], reasons: ['pool exhaustion is inconclusive: no readings'] }
    const text = renderScores([one, open])
    expect(text).toContain('right 1 (50.0 %), not known 1 (50.0 %), wrong accusations 0 (0.0 %)')
    expect(text).toContain('pool exhaustion is inconclusive: no readings')
    expect(text).toContain('again: npm run scenario blind -- --seed 5 --fault pool-too-small:2')
    expect(renderMatrix([one, open])).toContain('| pool-too-small | 1     | 1')
  })
})
