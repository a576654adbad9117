import { createWriteStream, type WriteStream } from 'node:fs'
import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { attemptJson } from './attempt-json.ts'
import { StackError } from './errors.ts'
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
  /** Lines that `sampleJson` made, each with its end. */
  samples(lines: string): void
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
  const streams = {
    samples: createWriteStream(join(dir, recordFiles.samples), { flags: 'a' }),
    probes: createWriteStream(join(dir, recordFiles.probes), { flags: 'a' }),
    events: createWriteStream(join(dir, recordFiles.events), { flags: 'a' }),
    stored: createWriteStream(join(dir, recordFiles.stored), { flags: 'a' }),
  }
  const broken = new AbortController()
  const fail = (error: Error) => {
    if (!broken.signal.aborted) broken.abort(notWritten(`the record in ${dir}`, error))
  }
  for (const stream of Object.values(streams)) stream.on('error', fail)
  const isOpen = (stream: WriteStream) => !broken.signal.aborted || stream === streams.events
  const appenders = {
    samples: createAppender<SampleLine>(streams.samples, isOpen, sampleJson),
    probes: createAppender(streams.probes, isOpen),
    events: createAppender(streams.events, isOpen),
    stored: createAppender(streams.stored, isOpen),
  }
  const written = async () => {
    await Promise.all(Object.values(appenders).map((appender) => appender.written())).catch(fail)
    broken.signal.throwIfAborted()
  }
  let isTold = false
  const close = async () => {
    await Promise.all(Object.values(appenders).map((appender) => appender.close()))
    if (isTold) return // closing twice, as at the end of a scope, must not bury what came before
    isTold = true
    broken.signal.throwIfAborted()
  }
  return {
    dir,
    sample: appenders.samples.append,
    samples: appenders.samples.appendText,
    probe: appenders.probes.append,
    event: appenders.events.append,
    stored: appenders.stored.append,
    broken: broken.signal,
    written,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** As a line of samples.ndjson, less its end. */
export function sampleJson(line: SampleLine): string {
  return line.kind === 'attempt' ? attemptJson(line) : JSON.stringify(line)
}

/** How long a line waits for others, and how many bytes may wait. */
const heldBackMs = 5
const mostHeldBack = 2 ** 16
/** So many characters are encoded in one go: fewer cost more calls, more live long enough for the garbage collector to move. */
const pieceLength = 2 ** 12
/** A character is three bytes of UTF-8 at most. */
const bytesPerCharacter = 3

/** Puts lines that come together into one write: each one wakes a thread, which costs more than a line's JSON. */
function createAppender<Line extends object>(
  stream: WriteStream,
  isOpen: (stream: WriteStream) => boolean,
  jsonOf: (line: Line) => string = JSON.stringify,
) {
  let text = ''
  const held = Buffer.allocUnsafeSlow(mostHeldBack)
  let heldBytes = 0
  let timer: NodeJS.Timeout | null = null
  const write = (bytes: Buffer) => {
    if (bytes.length > 0 && isOpen(stream) && !stream.destroyed && !stream.writableEnded) stream.write(bytes)
  }
  const writeHeld = () => {
    write(Buffer.from(held.subarray(0, heldBytes)))
    heldBytes = 0
  }
  const encode = () => {
    const mostBytes = text.length * bytesPerCharacter
    if (heldBytes + mostBytes > held.length) writeHeld()
    if (mostBytes > held.length) write(Buffer.from(text))
    else heldBytes += held.write(text, heldBytes)
    text = ''
  }
  const flush = () => {
    if (timer) clearTimeout(timer)
    timer = null
    encode()
    writeHeld()
  }
  const appendText = (lines: string) => {
    timer ??= setTimeout(flush, heldBackMs)
    text += lines
    if (text.length >= pieceLength) encode()
  }
  return {
    append: (line: Line) => appendText(`${jsonOf(line)}\n`),
    appendText,
    /** Resolves when all lines so far are written; rejects when they could not be. */
    written(): Promise<void> {
      flush()
      return new Promise((done, failed) => stream.write('', (error) => (error ? failed(error) : done())))
    },
    async close(): Promise<void> {
      flush()
      if (!stream.closed) await new Promise<void>((done) => stream.once('close', () => done()).end())
    },
  }
}

/** Adds a line to a file of lines. Throws a StackError when it cannot. */
export async function appendLine(path: string, value: unknown): Promise<void> {
  await appendFile(path, `${JSON.stringify(value)}\n`).catch((cause: Error) => {
    throw notWritten(path, cause)
  })
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
