import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { readEvidence, readManifest } from './evidence.ts'
import { hypotheses } from './hypotheses/index.ts'
import { judge } from './judgement/judge.ts'
import { recordSchemas, schemaPath, toJsonSchema } from './record-schema.ts'
import { crash, manifest } from './report/verdict.fixture.ts'
import type { Verdict } from './verdict.ts'

const root = resolve(import.meta.dirname, '..')
/** A real run, recorded before there were emitters, a dead-letter queue or schemas: a record of version 1 at its oldest. */
const oldRecord = join(import.meta.dirname, 'fixtures', 'high-load-quick-v1')
const files = Object.keys(recordSchemas) as (keyof typeof recordSchemas)[]

/** The values of a file: its lines, or the one that it is. */
async function valuesOf(file: string): Promise<unknown[]> {
  const text = await readFile(join(oldRecord, file), 'utf8')
  return file.endsWith('.ndjson')
    ? text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [JSON.parse(text)]
}

describe.each(files)('%s', (file) => {
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(toJsonSchema(file))

  test('the published schema is the one that the types come from (npm run schemas writes it)', async () => {
    await expect(`${JSON.stringify(toJsonSchema(file), null, 2)}\n`).toMatchFileSnapshot(join(root, schemaPath(file)))
  })

  // An old verdict lacks what was added since; verdicts are made again from the record, never read.
  test.skipIf(file === 'verdict.json')(
    'every value of a real old record is valid, and has no field unnamed',
    async () => {
      const values = await valuesOf(file)
      expect(values.length).toBeGreaterThan(0)
      for (const value of values) {
        validate(value)
        expect(validate.errors ?? [], JSON.stringify(value)).toEqual([])
        expect(recordSchemas[file].parse(value)).toMatchObject(value as object)
      }
    },
  )

  test('what is no such thing is refused', () => {
    for (const value of [null, [], {}, { kind: 'attempt' }, { kind: 'nothing known', t: 0 }]) {
      expect(validate(value), JSON.stringify(value)).toBe(false)
    }
  })
})

describe('an old record', () => {
  test('is judged as it was then: the same outcome, chain and findings', async () => {
    const then = JSON.parse(await readFile(join(oldRecord, 'verdict.json'), 'utf8')) as Verdict
    const now = judge(await readManifest(oldRecord), await readEvidence(oldRecord), hypotheses)
    const { outcome, diedMs, chain, timeline, memory, latency, accounting } = then
    expect(now).toMatchObject({ outcome, diedMs, chain, timeline, memory, latency })
    expect(now.accounting).toEqual({ ...accounting, inDeadLetterQueue: null, lost: null })
    // Words and predictions may change with time; what they come to may not.
    const known = then.findings.map(({ hypothesis }) => hypothesis)
    const answers = ({ findings }: Verdict) =>
      findings
        .filter(({ hypothesis }) => known.includes(hypothesis))
        .map(({ hypothesis, answer }) => [hypothesis, answer])
    expect(answers(now)).toEqual(answers(then))
    expect(recordSchemas['verdict.json'].parse(now)).toEqual(now)
  })

  test('was sent by a client for each RR, without approvals', async () => {
    expect((await readManifest(oldRecord)).load).toMatchObject({ emitter: 'per-rr', approvalShare: 0 })
  })
})

test('what this version writes is valid without a default', () => {
  expect(recordSchemas['run.json'].parse(manifest)).toEqual(manifest)
  expect(recordSchemas['verdict.json'].parse(crash)).toEqual(crash)
})
