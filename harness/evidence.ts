import { createReadStream, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'
import { InputError } from './errors.ts'
import {
  type CgroupProbe,
  type GeneratorProbe,
  type HealthProbe,
  type Heartbeat,
  type PartProbe,
  type PathProbe,
  type PostgresLog,
  type PostgresProbe,
  type ProbeFailure,
  type ProcessState,
  probeLineSchema,
  type RedisProbe,
  type ServiceProbe,
} from './probe-line.ts'
import { type Manifest, manifestSchema, recordFiles, schemaVersion } from './record.ts'
import {
  type Attempt,
  type ClientSummary,
  type Drop,
  type Line,
  type RunEvent,
  runEventSchema,
  type SampleLine,
  type StoredLine,
  sampleLineSchema,
  storedLineSchema,
} from './sample.ts'
import type { ClientOptions, Limits, Load, Phases } from './scenario.ts'
import { problemsOf } from './schema.ts'
import { type Verdict, verdictSchema } from './verdict.ts'

/** A line of the record with the way back to it, such as `probes.ndjson:2714`. */
export type Recorded<T extends Line> = T & { readonly ref: string }

type EventOf<K extends RunEvent['kind']> = Recorded<Extract<RunEvent, { kind: K }>>

/**
 * All that a hypothesis may look at: what was asked for, and what was measured. It holds neither the scenario's name
 * nor the profile nor any injected fault. Lists are in the order of the record, so by time within one probe.
 */
export interface Evidence {
  readonly load: Load
  readonly client: ClientOptions
  readonly limits: Limits
  readonly phases: Phases
  /** `null`: nobody set it, so nobody here knows it. */
  readonly poolSize: number | null

  readonly attempts: readonly Recorded<Attempt>[]
  readonly drops: readonly Recorded<Drop>[]
  readonly clients: readonly Recorded<ClientSummary>[]

  readonly cgroup: readonly Recorded<CgroupProbe>[]
  /** The parts one by one, and the stack as a whole, under a limit over all of it. */
  readonly parts: readonly Recorded<PartProbe>[]
  readonly paths: readonly Recorded<PathProbe>[]
  readonly health: readonly Recorded<HealthProbe>[]
  readonly service: readonly Recorded<ServiceProbe>[]
  readonly postgres: readonly Recorded<PostgresProbe>[]
  readonly redis: readonly Recorded<RedisProbe>[]
  readonly heartbeats: readonly Recorded<Heartbeat>[]
  readonly processStates: readonly Recorded<ProcessState>[]
  readonly postgresLog: readonly Recorded<PostgresLog>[]
  readonly generator: readonly Recorded<GeneratorProbe>[]
  readonly probeFailures: readonly Recorded<ProbeFailure>[]

  /** `pid` is null where nobody here can see the service's process. */
  readonly stackReady: EventOf<'stack-ready'> | null
  readonly appliedLimits: EventOf<'limits'> | null
  readonly warmUp: EventOf<'warm-up'> | null
  readonly burst: EventOf<'burst'> | null
  /** The service's own end, before the harness stopped it. */
  readonly exit: EventOf<'exit'> | null
  /** The user-space watchdog's own word that it killed the service. */
  readonly watchdogKill: EventOf<'watchdog-kill'> | null
  /** Ends of the stack's other parts, before the harness stopped them. */
  readonly partExits: readonly EventOf<'part-exit'>[]
  readonly engine: readonly EventOf<'engine'>[]
  readonly inspects: readonly EventOf<'inspect'>[]
  readonly stderr: readonly EventOf<'stderr'>[]
  /** `null`: the harness itself died before the run was over. */
  readonly end: EventOf<'end'> | null

  /** How often each event of each client was stored. `null`: the database was not, or not wholly, read back. */
  readonly stored: ReadonlyMap<string, readonly number[]> | null
  /** Which events of each client are in the dead-letter queue. `null`: it was not, or not wholly, read back. */
  readonly queued: ReadonlyMap<string, readonly number[]> | null

  /** What was found in database and queue after the service had been started again. `null`: nobody was to look. */
  readonly recovered: Recovered | null

  /** Checks against the API. Not evidence of a cause: they were made before or after the time that is watched. */
  readonly checks: readonly EventOf<'check'>[]
}

export interface Recovered {
  readonly event: EventOf<'recovery'>
  /** As in the evidence. `null`: not, or not wholly, read a second time. */
  readonly stored: Evidence['stored']
  readonly queued: Evidence['queued']
}

/** Reads run.json. Throws an InputError when there is no such run or a newer Culprit wrote it. */
export async function readManifest(runDir: string): Promise<Manifest> {
  return readManifestSync(runDir)
}

/** The same at once, for what is resolved before anything is started. */
export function readManifestSync(runDir: string): Manifest {
  const path = join(runDir, recordFiles.manifest)
  let found: { schemaVersion?: unknown } | null
  try {
    found = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new InputError([`${runDir} holds no readable run: ${path}: ${(cause as Error).message}`], { cause })
  }
  const version = found?.schemaVersion
  if (typeof version !== 'number') {
    throw new InputError([`${path} names no schemaVersion: it is not a record of Culprit's`])
  }
  if (version > schemaVersion) {
    throw new InputError([
      `${path} has schema version ${version}, this Culprit reads up to ${schemaVersion}: use a newer one`,
    ])
  }
  const manifest = manifestSchema.safeParse(found)
  if (manifest.success) return manifest.data
  throw new InputError(
    problemsOf(manifest.error).map((problem) => `${path} is no run.json of version ${version}: ${problem}`),
  )
}

/** The verdict that lies beside a record. `null`: there is none, or not one of this version. */
export async function readVerdict(runDir: string): Promise<Verdict | null> {
  try {
    const verdict = verdictSchema.safeParse(JSON.parse(await readFile(join(runDir, recordFiles.verdict), 'utf8')))
    return verdict.success ? verdict.data : null
  } catch {
    return null
  }
}

/** Reads the record of a run, from its folder alone. A last line that was cut off half-way is left out. */
export async function readEvidence(runDir: string): Promise<Evidence> {
  const manifest = await readManifest(runDir)
  const [samples, probes, events, stored] = await Promise.all([
    readLines(runDir, recordFiles.samples, sampleLineSchema),
    readLines(runDir, recordFiles.probes, probeLineSchema),
    readLines(runDir, recordFiles.events, runEventSchema),
    readLines(runDir, recordFiles.stored, storedLineSchema),
  ])
  const event = <K extends RunEvent['kind']>(kind: K) => of(events, kind)[0] ?? null
  const copies = new Map(of(stored, 'stored').map((line) => [line.client, line.copies]))
  const queued = new Map(of(stored, 'queued').map((line) => [line.client, line.events]))
  return {
    load: manifest.load,
    client: manifest.client,
    limits: manifest.limits,
    phases: manifest.phases,
    poolSize: isPoolOurs(manifest) ? manifest.poolSize : null,
    attempts: of(samples, 'attempt'),
    drops: of(samples, 'drop'),
    clients: of(samples, 'client'),
    cgroup: of(probes, 'cgroup'),
    parts: of(probes, 'part'),
    paths: of(probes, 'path'),
    health: of(probes, 'health'),
    service: of(probes, 'service'),
    postgres: of(probes, 'postgres'),
    redis: of(probes, 'redis'),
    heartbeats: of(probes, 'heartbeat'),
    processStates: of(probes, 'process-state'),
    postgresLog: of(probes, 'postgres-log'),
    generator: of(probes, 'generator'),
    probeFailures: of(probes, 'probe-failed'),
    stackReady: event('stack-ready'),
    appliedLimits: event('limits'),
    warmUp: event('warm-up'),
    burst: event('burst'),
    exit: event('exit'),
    watchdogKill: event('watchdog-kill'),
    partExits: of(events, 'part-exit'),
    engine: of(events, 'engine'),
    inspects: of(events, 'inspect'),
    stderr: of(events, 'stderr'),
    end: event('end'),
    stored: of(stored, 'stored-end').length > 0 ? copies : null,
    queued: of(stored, 'queued-end').length > 0 ? queued : null,
    recovered: recoveredOf(event('recovery'), stored),
    checks: of(events, 'check'),
  }
}

function recoveredOf(event: Recovered['event'] | null, lines: readonly Recorded<StoredLine>[]): Recovered | null {
  if (!event) return null
  const isStoredRead = of(lines, 'stored-end-again').length > 0
  const isQueueRead = of(lines, 'queued-end-again').length > 0
  return {
    event,
    stored: isStoredRead ? new Map(of(lines, 'stored-again').map((line) => [line.client, line.copies])) : null,
    queued: isQueueRead ? new Map(of(lines, 'queued-again').map((line) => [line.client, line.events])) : null,
  }
}

/** The stand-in's pool is set by us, another image's only where a variable of it is known to do so. */
function isPoolOurs({ subject }: Manifest): boolean {
  if (!subject || subject.kind === 'stand-in') return true
  return subject.kind === 'image' && subject.knobs.pool !== undefined
}

type LineSchema = z.ZodDiscriminatedUnion<readonly z.ZodObject<{ kind: z.ZodLiteral<string>; t: z.ZodNumber }>[]>

/** The lines of one kind. */
function of<T extends Line, K extends T['kind']>(lines: readonly Recorded<T>[], kind: K) {
  return lines.filter((line): line is Recorded<Extract<T, { kind: K }>> => line.kind === kind)
}

/** Every line of samples.ndjson, one at a time. Throws an InputError at one that does not fit. */
export async function readSamples(runDir: string, take: (line: SampleLine) => void): Promise<void> {
  await readEach(runDir, recordFiles.samples, sampleLineSchema, take)
}

/** Every line of stored.ndjson, one at a time. Throws an InputError at one that does not fit. */
export async function readStored(runDir: string, take: (line: StoredLine) => void): Promise<void> {
  await readEach(runDir, recordFiles.stored, storedLineSchema, take)
}

async function readLines<S extends LineSchema>(runDir: string, file: string, schema: S) {
  const lines: Recorded<z.output<S> & Line>[] = []
  await readEach(runDir, file, schema, (line, ref) => lines.push(Object.assign(line, { ref })))
  return lines
}

/**
 * Reads one file of the record. Lines of a kind that the schema does not know are left out: a later Culprit of the same
 * version may write more than this one asks for.
 */
async function readEach<S extends LineSchema>(
  runDir: string,
  file: string,
  schema: S,
  take: (line: z.output<S> & Line, ref: string) => void,
): Promise<void> {
  const kinds = new Set<unknown>(schema.options.map((option) => option.shape.kind.value))
  const clients = new Map<string, string>()
  let number = 0
  await readTextLines(join(runDir, file), (text, isWhole) => {
    number++
    if (text === '') return
    const ref = `${file}:${number}`
    let found: { kind?: unknown; client?: unknown } | null
    try {
      found = JSON.parse(text)
    } catch (cause) {
      if (!isWhole) return // no newline follows: the harness died while it wrote this line
      throw new InputError([`${join(runDir, ref)} is not JSON: the record was damaged`], { cause })
    }
    if (typeof found?.kind === 'string' && !kinds.has(found.kind)) return
    if (typeof found?.client === 'string') found.client = sharedText(clients, found.client)
    const parsed = schema.safeParse(found)
    if (!parsed.success) {
      const problems = problemsOf(parsed.error).join('; ')
      throw new InputError([`${join(runDir, ref)} is no line of this file: ${problems}`])
    }
    take(parsed.data as z.output<S> & Line, ref)
  })
}

/** One string for all that are equal: a million lines name the same clients again and again. */
function sharedText(known: Map<string, string>, text: string): string {
  const same = known.get(text)
  if (same === undefined) known.set(text, text)
  return same ?? text
}

/** Reads a file line by line, a piece at a time: a long one is never in memory as a whole. No such file has no lines. */
async function readTextLines(path: string, take: (text: string, isWhole: boolean) => void): Promise<void> {
  let rest = ''
  try {
    for await (const piece of createReadStream(path, { encoding: 'utf8', highWaterMark: pieceBytes })) {
      const texts = (rest + piece).split('\n')
      rest = texts.pop() ?? ''
      for (const text of texts) take(text, true)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error // the run died before it wrote one
  }
  if (rest !== '') take(rest, false)
}

const pieceBytes = 2 ** 18
