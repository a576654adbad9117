/** A record of a run out of a picture of it, for tests. */
import type { Evidence, Recorded } from './evidence.ts'
import { type Picture, steps, times } from './picture.fixture.ts'
import type { CgroupProbe, Heartbeat, PartProbe, PostgresProbe, ServiceProbe } from './probe-line.ts'
import type { Attempt, ErrorClass, Line } from './sample.ts'

const GiB = 2 ** 30

/** A complete record of a run with nothing in it but what is drawn. */
export function evidence(picture: Picture): Evidence {
  const { stepMs = 1000, limitBytes = 2 * GiB, cpus = 1, timeoutMs = 5_000, poolSize = 25, exit } = picture
  const attempts = requests(picture.requests ?? [])
  const emitted = new Map<string, number>()
  for (const { client, firstEvent, events } of attempts) {
    emitted.set(client, Math.max(emitted.get(client) ?? 0, firstEvent + events))
  }
  const drawnMs = Math.max(...[picture.memory, picture.pending, picture.rows].map((one) => (one?.length ?? 0) * stepMs))
  const endMs = picture.endMs ?? (exit ? exit.t + 5_000 : Math.max(drawnMs - stepMs, 0))
  const reason = picture.endReason ?? (exit ? 'died' : 'drained')
  return {
    load: {
      rrs: emitted.size,
      eventsPerRr: 3,
      lifeMs: 30_000,
      spreadMs: 200,
      pace: null,
      queriesPerSec: 0,
      approvalShare: 0,
      emitter: 'per-rr',
    },
    client: {
      bufferEvents: 30_000,
      batchEvents: 1_000,
      flushMs: 1_000,
      timeoutMs,
      attempts: 3,
      retryPauseMs: 1_000,
      retryJitter: 0,
      onBusy: 'drop',
      sendsIdempotencyKey: false,
    },
    limits: { memoryLimitBytes: limitBytes, cpus },
    phases: { warmUpMs: 3_000, afterDeathMs: 5_000, maxMs: 150_000 },
    poolSize,
    attempts,
    drops: [],
    clients: recorded(
      'samples.ndjson:9',
      [...emitted].map(([client, count]) => {
        return { kind: 'client' as const, t: endMs, client, emitted: count, unfinished: 0, jsonBytes: count * 800 }
      }),
    ),
    cgroup: recorded('probes.ndjson:1', cgroup(picture, stepMs, limitBytes, cpus)),
    parts: recorded('probes.ndjson:5', parts(picture, stepMs, limitBytes)),
    paths: [],
    health: [],
    service: recorded('probes.ndjson:2', service(picture, stepMs, poolSize)),
    postgres: recorded('probes.ndjson:3', postgres(picture, stepMs)),
    redis: [],
    heartbeats: recorded('probes.ndjson:6', heartbeats(picture, exit?.t ?? endMs)),
    processStates: recorded('probes.ndjson:7', picture.processStates ?? []),
    postgresLog: recorded('probes.ndjson:8', picture.postgresLog ?? []),
    generator: [],
    probeFailures: recorded('probes.ndjson:9', picture.probeFailures ?? []),
    stackReady: { kind: 'stack-ready', t: -3_100, ref: 'events.ndjson:0', pid: 7, versions: {} },
    appliedLimits: {
      kind: 'limits',
      t: -3_000,
      ref: 'events.ndjson:1',
      limiter: 'cgroup-v1',
      memoryLimitBytes: limitBytes,
      memoryAndSwapLimitBytes: limitBytes,
      cpus,
      ...picture.applied,
    },
    warmUp: { kind: 'warm-up', t: -500, ref: 'events.ndjson:2', attempts: 5, failed: 0 },
    burst: { kind: 'burst', t: 0, ref: 'events.ndjson:3', at: '2026-01-01T00:00:00.000Z' },
    exit: exit ? { kind: 'exit', ref: 'events.ndjson:4', pid: 7, code: null, signal: null, ...exit } : null,
    partExits: recorded(
      'events.ndjson:8',
      (picture.partExits ?? []).map((one) => ({
        kind: 'part-exit' as const,
        pid: 8,
        code: null,
        signal: null,
        ...one,
      })),
    ),
    engine: [],
    inspects: [],
    watchdogKill: picture.watchdogKill
      ? {
          kind: 'watchdog-kill',
          ref: 'events.ndjson:7',
          why: 'above the limit',
          longestPauseMs: 6,
          ...picture.watchdogKill,
        }
      : null,
    stderr: recorded(
      'events.ndjson:5',
      (picture.stderr ?? []).map((line) => ({ kind: 'stderr' as const, t: exit?.t ?? 0, line })),
    ),
    end: { kind: 'end', t: endMs, ref: 'events.ndjson:6', reason },
    stored: picture.stored ?? null,
    queued: picture.queued ?? null,
    recovered: null,
    checks: [],
  }
}

function recorded<T extends Line>(ref: string, lines: readonly T[]): Recorded<T>[] {
  return lines.map((line, index) => ({ ...line, ref: `${ref}${String(index).padStart(4, '0')}` }))
}

function cgroup(picture: Picture, stepMs: number, limitBytes: number, cpus: number): CgroupProbe[] {
  let [peak, throttledSum, cpuSum, waitSum] = [0, 0, 0, 0]
  const periodsPerStep = stepMs / 100
  return steps([picture.memory, picture.oomKills, picture.throttled, picture.cpu, picture.cpuWait], (at, index) => {
    const [memory = null, oomKills = null, throttled = null, cpu = null, cpuWait = null] = at
    peak = Math.max(peak, (memory ?? 0) * limitBytes)
    throttledSum += (throttled ?? 0) * periodsPerStep
    cpuSum += (cpu ?? 0) * stepMs * cpus
    waitSum += (cpuWait ?? 0) * stepMs
    return {
      kind: 'cgroup',
      t: index * stepMs,
      memoryBytes: memory === null ? null : memory * limitBytes,
      memoryPeakBytes: memory === null ? null : peak,
      rssBytes: memory === null ? null : memory * limitBytes,
      oomKills,
      cpuUsageMs: picture.cpu === undefined ? null : cpuSum,
      periods: picture.throttled === undefined ? null : index * periodsPerStep,
      throttledPeriods: picture.throttled === undefined ? null : throttledSum,
      throttledMs: null,
      ...(picture.cpuWait === undefined ? {} : { cpuWaitMs: waitSum }),
    }
  })
}

function parts(picture: Picture, stepMs: number, limitBytes: number): PartProbe[] {
  return Object.entries(picture.parts ?? {}).flatMap(([part, drawn]) => {
    let peak = 0
    return steps([drawn.memory, drawn.oomKills], ([memory = null, oomKills = null], index): PartProbe => {
      const bytes = memory === null ? null : memory * limitBytes
      peak = Math.max(peak, bytes ?? 0)
      return {
        kind: 'part',
        t: index * stepMs,
        part: part as PartProbe['part'],
        memoryBytes: bytes,
        memoryPeakBytes: bytes === null ? null : peak,
        rssBytes: bytes,
        shmemBytes: 0,
        oomKills,
        cpuUsageMs: null,
        periods: null,
        throttledPeriods: null,
        throttledMs: null,
      }
    })
  })
}

function service(picture: Picture, stepMs: number, poolSize: number): ServiceProbe[] {
  const { pending, written, inProgress, awaiting, poolInUse, poolWaiting } = picture
  return steps([pending, written, inProgress, awaiting, poolInUse, poolWaiting], (at, index) => ({
    kind: 'service',
    t: index * stepMs,
    requestsInProgress: at[2] ?? null,
    requestsAwaitingAnswer: at[3] ?? null,
    requestsAbandoned: null,
    requestsReset: null,
    eventsPending: at[0] ?? null,
    eventsWritten: at[1] ?? null,
    poolInUse: at[4] ?? null,
    poolIdle: null,
    poolWaiting: at[5] ?? null,
    poolMax: at[4] === null ? null : poolSize,
  }))
}

function postgres(picture: Picture, stepMs: number): PostgresProbe[] {
  const { rows, active, idleInTransaction, lockWaits, deadlocks, commits = rows } = picture
  return steps([rows, active, idleInTransaction, lockWaits, deadlocks, commits], (at, index) => ({
    kind: 'postgres',
    t: index * stepMs,
    active: at[1] ?? 0,
    idle: 0,
    idleInTransaction: at[2] ?? 0,
    lockWaits: at[3] ?? 0,
    waits: {},
    longestTransactionMs: 0,
    deadlocks: at[4] ?? 0,
    commits: at[5] ?? 0,
    rollbacks: 0,
    rowsInserted: at[0] ?? 0,
  }))
}

function heartbeats({ silent }: Picture, untilMs: number): Heartbeat[] {
  const beat = (t: number, tookMs: number) =>
    ({ kind: 'heartbeat', t, tookMs, status: 200, failure: null }) satisfies Heartbeat
  const all = times(Math.floor(untilMs / 500) + 1, (index) => beat(index * 500, 5))
  if (!silent) return all
  const answered = all.filter(({ t }) => t < silent.fromMs || t > silent.toMs)
  return [...answered, beat(silent.toMs, silent.toMs - silent.fromMs)].sort((a, b) => a.t - b.t)
}

const statuses: Readonly<Record<string, number>> = { ok: 201, accepted: 202, '5xx': 500 }

function requests(drawn: readonly string[]): Recorded<Attempt>[] {
  const sent = new Map<string, number>()
  const lines = drawn.map((text): Attempt => {
    const match = /^([a-z-]+\d*[a-z]|[a-z]+)(\d+)(?:\*(\d+))? (-?\d+)\.\.(\d+)(?:\+(\d+))? (\S+)$/.exec(text)
    if (!match) throw new Error(`not a request: ${text}`)
    const [, client = '', event, count = '1', started, ended, delay = '0', how = ''] = match
    const key = `${client}/${event}`
    sent.set(key, (sent.get(key) ?? 0) + 1)
    const isOk = how === 'ok' || how === 'accepted'
    const failure = isOk ? null : { errorClass: how as ErrorClass }
    return {
      kind: 'attempt',
      t: Number(started),
      phase: 'load',
      operation: 'write-batch',
      client,
      firstEvent: Number(event),
      events: Number(count),
      attempt: sent.get(key) ?? 1,
      intendedMs: Number(started) - Number(delay),
      startedMs: Number(started),
      endedMs: Number(ended),
      outcome: isOk ? 'ok' : how === 'timeout' || how === 'reset' ? 'unknown' : 'failed',
      status: statuses[how] ?? null,
      failure,
    }
  })
  return recorded('samples.ndjson:1', lines)
}
