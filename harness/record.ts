import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { createAttemptWriter } from './attempt-json.ts'
import { StackError } from './errors.ts'
import { type LineWriter, writeJsonLine } from './line-bytes.ts'
import { openLineFile } from './line-file.ts'
import type { ProbeLine } from './probe-line.ts'
import type { RunEvent, SampleLine, StoredLine } from './sample.ts'
import {
  checksSchema,
  clientOptionsSchema,
  limitsSchema,
  loadSchema,
  phasesSchema,
  serviceOptionsSchema,
} from './scenario.ts'
import type { Described } from './schema.ts'
import { subjectSchema } from './subject.ts'

/** The version of the record's format. A reader refuses a newer one. */
export const schemaVersion = 1

export const recordFiles = {
  manifest: 'run.json',
  truth: 'truth.json',
  samples: 'samples.ndjson',
  probes: 'probes.ndjson',
  events: 'events.ndjson',
  stored: 'stored.ndjson',
  log: 'datastorage.log',
  verdict: 'verdict.json',
  report: 'report.md',
  page: 'report.html',
  junit: 'report.junit.xml',
  series: 'series.csv',
} as const

export const manifestSchema = z.object({
  schemaVersion: z.number(),
  id: z.string(),
  scenario: z.string(),
  startedAt: z.string().describe('ISO 8601'),
  load: loadSchema,
  client: clientOptionsSchema,
  limits: limitsSchema,
  phases: phasesSchema,
  checks: checksSchema.optional().describe("when the report's audit tests were run; absent: they were not"),
  poolSize: z.number(),
  seed: z.number(),
  command: z
    .string()
    .default('')
    .describe("the command that repeats this run, less the profile, which is nobody's business who judges"),
  expect: z.object({ expectation: z.string(), from: z.enum(['the scenario', '--expect', 'a changed knob']) }),
  runtime: z.string(),
  subject: subjectSchema.optional().describe('what was tested; absent: the stand-in'),
  git: z.object({ commit: z.string(), dirty: z.boolean() }).nullable(),
  versions: z.object({ culprit: z.string(), node: z.string() }),
  machine: z.object({ cpuModel: z.string(), cpus: z.number(), memoryBytes: z.number(), kernel: z.string() }),
})
/** run.json: what was run, on what. Written once, before anything starts; how it ended stands in events.ndjson. */
export type Manifest = Described<typeof manifestSchema>

const doneFaultSchema = z
  .object({
    name: z.string(),
    level: z.number(),
    causes: z.array(z.string()).describe('the hypotheses that must stand for it, these and no others'),
    tookEffect: z.boolean().nullable().describe('null: not checked, for the run did not get that far'),
    because: z.string(),
  })
  .meta({ id: 'DoneFault' })
export type DoneFault = Described<typeof doneFaultSchema>

export const truthSchema = z.object({
  service: serviceOptionsSchema,
  replay: z.string(),
  faults: z.array(doneFaultSchema).optional().describe('faults that the run was given on purpose; absent: none'),
})
/** truth.json: what the stand-in was told to do. Nothing that judges opens it. */
export type Truth = Described<typeof truthSchema>

/**
 * The append-only record of one run. Lines are handed to the system within 5 ms (those of a thread that sends within 10), so
 * a dead harness loses no earlier ones.
 */
export interface RecordWriter extends AsyncDisposable {
  readonly dir: string
  sample(line: SampleLine): void
  /** Lines that a sample writer made. */
  samples(lines: Uint8Array): void
  probe(line: ProbeLine): void
  event(line: RunEvent): void
  stored(line: StoredLine): void
  /**
   * Aborts, with a StackError, as soon as a line could not be written (a full disk, say). From then on only events are
   * tried: what goes on without its other lines would be read as a run in which less happened.
   */
  readonly broken: AbortSignal
  /** Waits until all lines so far are written. Throws the same StackError when one could not be. */
  written(): Promise<void>
  /** Waits until all is written. Throws a StackError when a line could not be (a full disk, say). */
  close(): Promise<void>
}

/** Opens a record in `dir` (made when missing) and writes run.json and truth.json. Throws a StackError when it cannot. */
export async function createRecord(dir: string, manifest: Manifest, truth: Truth): Promise<RecordWriter> {
  await mkdir(dir, { recursive: true })
  await writeJson(join(dir, recordFiles.manifest), manifest)
  await writeJson(join(dir, recordFiles.truth), truth)
  const broken = new AbortController()
  const fail = (error: Error) => {
    if (!broken.signal.aborted) broken.abort(notWritten(`the record in ${dir}`, error))
  }
  const openLines = <Line>(name: string, writeLine?: LineWriter<Line>) => {
    const mayWrite = () => !broken.signal.aborted || name === recordFiles.events
    const options = { mayWrite, failed: fail, ...(writeLine && { writeLine }) }
    return openLineFile<Line>(join(dir, name), options).catch((error: Error) => {
      throw notWritten(join(dir, name), error)
    })
  }
  const files = {
    samples: await openLines<SampleLine>(recordFiles.samples, createSampleWriter()),
    probes: await openLines<ProbeLine>(recordFiles.probes),
    events: await openLines<RunEvent>(recordFiles.events),
    stored: await openLines<StoredLine>(recordFiles.stored),
  }
  const written = async () => {
    await Promise.all(Object.values(files).map((file) => file.written())).catch(fail)
    broken.signal.throwIfAborted()
  }
  let isTold = false
  const close = async () => {
    await Promise.all(Object.values(files).map((file) => file.close()))
    if (isTold) return // closing twice, as at the end of a scope, must not bury what came before
    isTold = true
    broken.signal.throwIfAborted()
  }
  return {
    dir,
    sample: files.samples.append,
    samples: files.samples.appendBytes,
    probe: files.probes.append,
    event: files.events.append,
    stored: files.stored.append,
    broken: broken.signal,
    written,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Of samples.ndjson. */
export function createSampleWriter(): LineWriter<SampleLine> {
  const writeAttempt = createAttemptWriter()
  return (line, buffer, at) =>
    line.kind === 'attempt' ? writeAttempt(line, buffer, at) : writeJsonLine(line, buffer, at)
}

/**
 * Adds a line to a file of lines. What a kill or a full disk cut off at its end stays a line of its own, which would swallow
 * this one otherwise. Throws a StackError when it cannot.
 */
export async function appendLine(path: string, value: unknown): Promise<void> {
  try {
    await using file = await open(path, 'a+')
    const { size } = await file.stat()
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1))
    const isCutOff = size > 0 && buffer.toString() !== '\n'
    await file.appendFile(`${isCutOff ? '\n' : ''}${JSON.stringify(value)}\n`)
  } catch (cause) {
    throw notWritten(path, cause as Error)
  }
}

function notWritten(what: string, cause: Error): StackError {
  return new StackError(`${what} could not be written: ${cause.message}`, {
    cause,
    hint: 'make room on that disk, or choose another folder with --out',
  })
}

/** Writes JSON so that a reader sees the old file or the new one, never half of it. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeText(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** Throws a StackError when it cannot, and leaves no half of it behind. */
export async function writeText(path: string, text: string): Promise<void> {
  const partial = `${path}.partial`
  try {
    await writeFile(partial, text)
    await rename(partial, path)
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {})
    throw notWritten(path, cause as Error)
  }
}
