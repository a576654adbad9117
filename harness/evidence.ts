import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from './errors.ts'
import { type Manifest, recordFiles, schemaVersion } from './record.ts'
import type {
  Attempt,
  CgroupProbe,
  ClientSummary,
  Drop,
  GeneratorProbe,
  HealthProbe,
  Line,
  PostgresProbe,
  ProbeFailure,
  Queued,
  RedisProbe,
  RunEvent,
  ServiceProbe,
  Stored,
} from './sample.ts'
import type { ClientOptions, Limits, Load, Phases } from './scenario.ts'

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
  readonly poolSize: number

  readonly attempts: readonly Recorded<Attempt>[]
  readonly drops: readonly Recorded<Drop>[]
  readonly clients: readonly Recorded<ClientSummary>[]

  readonly cgroup: readonly Recorded<CgroupProbe>[]
  readonly health: readonly Recorded<HealthProbe>[]
  readonly service: readonly Recorded<ServiceProbe>[]
  readonly postgres: readonly Recorded<PostgresProbe>[]
  readonly redis: readonly Recorded<RedisProbe>[]
  readonly generator: readonly Recorded<GeneratorProbe>[]
  readonly probeFailures: readonly Recorded<ProbeFailure>[]

  readonly appliedLimits: EventOf<'limits'> | null
  readonly warmUp: EventOf<'warm-up'> | null
  readonly burst: EventOf<'burst'> | null
  /** The service's own end, before the harness stopped it. */
  readonly exit: EventOf<'exit'> | null
  readonly stderr: readonly EventOf<'stderr'>[]
  /** `null`: the harness itself died before the run was over. */
  readonly end: EventOf<'end'> | null

  /** How often each event of each client was stored. `null`: the database was not, or not wholly, read back. */
  readonly stored: ReadonlyMap<string, readonly number[]> | null
  /** Which events of each client are in the dead-letter queue. `null`: it was not, or not wholly, read back. */
  readonly queued: ReadonlyMap<string, readonly number[]> | null
}

/** Reads run.json. Throws an InputError when there is no such run or a newer Culprit wrote it. */
export async function readManifest(runDir: string): Promise<Manifest> {
  const path = join(runDir, recordFiles.manifest)
  let manifest: Manifest
  try {
    manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest
  } catch (cause) {
    throw new InputError([`${runDir} holds no readable run: ${path}: ${(cause as Error).message}`], { cause })
  }
  if (typeof manifest.schemaVersion !== 'number') {
    throw new InputError([`${path} names no schemaVersion: it is not a record of Culprit's`])
  }
  if (manifest.schemaVersion > schemaVersion) {
    throw new InputError([
      `${path} has schema version ${manifest.schemaVersion}, this Culprit reads up to ${schemaVersion}: use a newer one`,
    ])
  }
  return manifest
}

/** Reads the record of a run, from its folder alone. A last line that was cut off half-way is left out. */
export async function readEvidence(runDir: string): Promise<Evidence> {
  const manifest = await readManifest(runDir)
  const [samples, probes, events, stored] = await Promise.all(
    [recordFiles.samples, recordFiles.probes, recordFiles.events, recordFiles.stored].map((file) =>
      readLines(runDir, file),
    ),
  )
  const of = <T extends Line>(lines: Recorded<Line>[] | undefined, kind: T['kind']) =>
    (lines ?? []).filter((line) => line.kind === kind) as Recorded<T>[]
  const event = <K extends RunEvent['kind']>(kind: K) => (of(events, kind)[0] as EventOf<K> | undefined) ?? null

  const copies = new Map(of<Stored>(stored, 'stored').map((line) => [line.client, line.copies]))
  const queued = new Map(of<Queued>(stored, 'queued').map((line) => [line.client, line.events]))
  return {
    load: manifest.load,
    client: manifest.client,
    limits: manifest.limits,
    phases: manifest.phases,
    poolSize: manifest.poolSize,
    attempts: of<Attempt>(samples, 'attempt'),
    drops: of<Drop>(samples, 'drop'),
    clients: of<ClientSummary>(samples, 'client'),
    cgroup: of<CgroupProbe>(probes, 'cgroup'),
    health: of<HealthProbe>(probes, 'health'),
    service: of<ServiceProbe>(probes, 'service'),
    postgres: of<PostgresProbe>(probes, 'postgres'),
    redis: of<RedisProbe>(probes, 'redis'),
    generator: of<GeneratorProbe>(probes, 'generator'),
    probeFailures: of<ProbeFailure>(probes, 'probe-failed'),
    appliedLimits: event('limits'),
    warmUp: event('warm-up'),
    burst: event('burst'),
    exit: event('exit'),
    stderr: of(events, 'stderr') as EventOf<'stderr'>[],
    end: event('end'),
    stored: of(stored, 'stored-end').length > 0 ? copies : null,
    queued: of(stored, 'queued-end').length > 0 ? queued : null,
  }
}

async function readLines(runDir: string, file: string): Promise<Recorded<Line>[]> {
  let text: string
  try {
    text = await readFile(join(runDir, file), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [] // the run died before it wrote one
    throw error
  }
  const lines: Recorded<Line>[] = []
  const texts = text.split('\n')
  for (const [index, line] of texts.entries()) {
    if (line === '') continue
    try {
      lines.push({ ...(JSON.parse(line) as Line), ref: `${file}:${index + 1}` })
    } catch (cause) {
      if (index === texts.length - 1) break // no newline follows: the harness died while it wrote this line
      throw new InputError([`${join(runDir, file)}:${index + 1} is not JSON: the record was damaged`], { cause })
    }
  }
  return lines
}
