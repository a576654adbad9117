import { appendFile, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { InputError, StackError } from './errors.ts'
import { readEvidence, readManifest } from './evidence.ts'
import { readLines } from './line-file.ts'
import { appendLine, createRecord, recordFiles, schemaVersion, writeText } from './record.ts'
import { manifest } from './report/verdict.fixture.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'culprit-test-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const truth = { service: { profile: 'p', profileOptions: {}, poolSize: 1 }, replay: 'again' }
const burst = { kind: 'burst', t: 0, at: '2026-01-02T03:04:05.000Z' } as const
const redis = { kind: 'redis', t: 5, pingMs: 1, usedMemoryBytes: 2, dlqLength: 0 } as const

test('what is written is read back, each line with the way to it', async () => {
  const record = await createRecord(dir, manifest, truth)
  record.event(burst)
  record.probe(redis)
  record.probe({ ...redis, t: 6 })
  await record.close()
  const evidence = await readEvidence(dir)
  expect(evidence.burst).toEqual({ ...burst, ref: 'events.ndjson:1' })
  expect(evidence.redis.map((probe) => [probe.t, probe.ref])).toEqual([
    [5, 'probes.ndjson:1'],
    [6, 'probes.ndjson:2'],
  ])
  expect(evidence.end).toBeNull()
  expect(evidence.stored).toBeNull()
})

test('evidence holds neither the scenario nor what the stand-in was told', async () => {
  const record = await createRecord(
    dir,
    { ...manifest, scenario: 'secret-name' },
    { ...truth, replay: 'secret-replay' },
  )
  await record.close()
  expect(JSON.stringify(await readEvidence(dir))).not.toMatch(/secret|profile/)
})

test('a line that was cut off when the harness died is left out, the rest is read', async () => {
  const record = await createRecord(dir, manifest, truth)
  record.event(burst)
  await record.close()
  await appendFile(join(dir, recordFiles.events), '{"kind":"end","t":12')
  const evidence = await readEvidence(dir)
  expect(evidence.burst?.t).toBe(0)
  expect(evidence.end).toBeNull()
})

test('a full disk is told as it happens, and ends the record there; what was written stays readable', async () => {
  await symlink('/dev/full', join(dir, recordFiles.samples))
  const record = await createRecord(dir, manifest, truth)
  record.event(burst)
  record.probe(redis)
  const told = new Promise((done) => record.broken.addEventListener('abort', () => done(record.broken.reason)))
  record.sample({ kind: 'drop', t: 6, client: 'a', firstEvent: 0, events: 1, why: 'rejected' })
  expect(await told).toMatchObject({
    message: expect.stringMatching(/the record in .* could not be written: ENOSPC/),
    hint: expect.stringContaining('make room'),
  })
  await expect(record.written()).rejects.toThrow(StackError)
  record.probe({ ...redis, t: 7 })
  record.event({ kind: 'end', t: 8, reason: 'error', message: 'full' })
  await expect(record.close()).rejects.toThrow(StackError)
  await record.close() // told once
  await rm(join(dir, recordFiles.samples))
  const evidence = await readEvidence(dir)
  expect(evidence.redis.map(({ t }) => t)).toEqual([5])
  expect(evidence.end).toMatchObject({ reason: 'error' })
})

test('what cannot be written is named, and no half of it stays', async () => {
  await symlink('/dev/full', join(dir, 'verdict.json.partial'))
  await expect(writeText(join(dir, 'verdict.json'), 'text')).rejects.toThrow(
    /verdict\.json could not be written: ENOSPC/,
  )
  expect(await readdir(dir)).toEqual([])
})

test('damage in the middle of a record is named with its line', async () => {
  const record = await createRecord(dir, manifest, truth)
  await record.close()
  await writeFile(join(dir, recordFiles.events), `nonsense\n${JSON.stringify(burst)}\n`)
  await expect(readEvidence(dir)).rejects.toThrow(/events\.ndjson:1 is not JSON/)
})

test('a record of a newer schema is refused, and the error says what to do', async () => {
  await writeFile(join(dir, recordFiles.manifest), JSON.stringify({ ...manifest, schemaVersion: schemaVersion + 1 }))
  await expect(readManifest(dir)).rejects.toThrow(
    `schema version ${schemaVersion + 1}, this Culprit reads up to ${schemaVersion}`,
  )
})

test.each([
  ['not JSON', 'no readable run'],
  ['{}', 'no schemaVersion'],
])('a run.json that holds %s is refused', async (text, message) => {
  await writeFile(join(dir, recordFiles.manifest), text)
  await expect(readManifest(dir)).rejects.toThrow(message)
})

test('a record cannot be started where a file is in the way, which stays as it was', async () => {
  const record = await createRecord(dir, manifest, truth)
  await record.close()
  await rm(dir, { recursive: true })
  await writeFile(dir, 'a file in the way')
  await expect(createRecord(join(dir, 'run'), manifest, truth)).rejects.toThrow()
  expect(await readFile(dir, 'utf8')).toBe('a file in the way')
})

test('a run.json that does not fit its schema is refused with every problem', async () => {
  const { seed: _, ...rest } = manifest
  const broken = { ...rest, load: { ...manifest.load, rrs: 'many', emitter: 'pigeon' } }
  await writeFile(join(dir, recordFiles.manifest), JSON.stringify(broken))
  const error = await readManifest(dir).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(InputError)
  expect((error as InputError).problems.map((problem) => problem.replace(`${dir}/`, ''))).toEqual([
    'run.json is no run.json of version 1: load.rrs: expected number, received string',
    'run.json is no run.json of version 1: load.emitter: Invalid option: expected one of "per-rr"|"shared"|"direct"|"closed-loop"',
    'run.json is no run.json of version 1: seed: expected number, received undefined',
  ])
})

test('a run.json from before emitters is one of a client for each RR', async () => {
  const { emitter: _, approvalShare: __, ...load } = manifest.load
  await writeFile(join(dir, recordFiles.manifest), JSON.stringify({ ...manifest, load }))
  expect(await readManifest(dir)).toEqual(manifest)
})

test.each([
  [
    'a line that does not fit its kind',
    { kind: 'redis', t: 5, pingMs: 'fast', usedMemoryBytes: 2 },
    'pingMs: expected',
  ],
  ['a line without a kind', { t: 5 }, 'kind: '],
])('%s is named with what is wrong', async (_, broken, message) => {
  const record = await createRecord(dir, manifest, truth)
  record.probe(redis)
  await record.close()
  await appendFile(join(dir, recordFiles.probes), `${JSON.stringify(broken)}\n`)
  await expect(readEvidence(dir)).rejects.toThrow(`probes.ndjson:2 is no line of this file: ${message}`)
})

test('a line of a kind that this version does not know is left out', async () => {
  const record = await createRecord(dir, manifest, truth)
  await record.close()
  await appendFile(join(dir, recordFiles.probes), `{"kind":"weather","t":1}\n${JSON.stringify(redis)}\n`)
  expect((await readEvidence(dir)).redis).toEqual([{ ...redis, ref: 'probes.ndjson:2' }])
})

test('a line is added after what a kill cut off, which costs no other line, nor one that ends as a whole one does', async () => {
  const path = join(dir, 'lines.ndjson')
  expect(await readLines(path)).toEqual([])
  await appendLine(path, { night: 1 })
  await appendFile(path, '{"night":{"of":2}')
  await appendLine(path, { night: 3 })
  await appendLine(path, { night: 4 })
  expect(await readFile(path, 'utf8')).toBe('{"night":1}\n{"night":{"of":2}\n{"night":3}\n{"night":4}\n')
  expect(await readLines(path)).toEqual([{ night: 1 }, { night: 3 }, { night: 4 }])
})

test('a line that a full disk does not take is a problem of the stack, with the file', async () => {
  await expect(appendLine('/dev/full', { night: 1 })).rejects.toThrow(StackError)
  await expect(appendLine('/dev/full', { night: 1 })).rejects.toThrow('/dev/full could not be written: ENOSPC')
})
