import type { CgroupProbe, PartProbe, ProbeLine, ServiceProbe } from '../probe-line.ts'
import type { ProcessExit } from '../stack.ts'
import { cgroupProbe } from './cgroup.ts'
import { engineProbe } from './engine.ts'
import { generatorProbe } from './generator.ts'
import { healthProbe } from './health.ts'
import { heartbeatProbe } from './heartbeat.ts'
import { partsProbe } from './parts.ts'
import { pathProbe } from './path.ts'
import { postgresProbe } from './postgres.ts'
import { postgresLogProbe } from './postgres-log.ts'
import type { Probe, ProbeContext } from './probe.ts'
import { processProbe } from './process.ts'
import { processStateProbe } from './process-state.ts'
import { redisProbe } from './redis.ts'
import { serviceProbe } from './service-metrics.ts'

export { readBack } from './read-back.ts'
export { readQueueBack } from './read-queue-back.ts'
export { recover } from './recover.ts'

/** Every probe. The process comes before the control groups, so that their last reading follows the exit. */
const probes: readonly Probe[] = [
  processProbe,
  cgroupProbe,
  partsProbe,
  engineProbe,
  healthProbe,
  pathProbe,
  serviceProbe,
  heartbeatProbe,
  processStateProbe,
  postgresProbe,
  postgresLogProbe,
  redisProbe,
  generatorProbe,
]

/** Without the service's own word, this long without a row or an active session counts as an empty backlog. */
const quietMs = 2_000

/** The probes at work, on one clock. */
export interface Collector extends AsyncDisposable {
  /** What was seen last, for those who watch; the memory is that of the whole stack where one limit holds it. */
  readonly latest: {
    readonly memoryBytes: number | null
    readonly eventsPending: number | null
    readonly isDead: boolean
  }
  /** Resolves when the service's main process has ended by itself. */
  readonly died: Promise<ProcessExit>
  /**
   * Resolves when a reading taken after this call shows that the service has nothing pending; with `load-over` where
   * nothing here could ever show it. Never, if it died. Rejects when the signal aborts.
   */
  drained(signal: AbortSignal): Promise<'drained' | 'load-over'>
  /** Takes the last readings. No probe writes a line after this. */
  stop(): Promise<void>
}

export function startCollector(context: ProbeContext): Collector {
  let isStopped = false
  const last: { cgroup: CgroupProbe | null; all: PartProbe | null; service: ServiceProbe | null } = {
    cgroup: null,
    all: null,
    service: null,
  }
  let isDead = false
  const listeners = new Set<(line: ProbeLine) => void>()
  const probe = (line: ProbeLine) => {
    if (isStopped) return
    context.probe(line)
    if (line.kind === 'cgroup') last.cgroup = line
    if (line.kind === 'part' && line.part === 'stack') last.all = line
    if (line.kind === 'service') last.service = line
    if (line.kind === 'probe-failed' && line.probe === 'service') last.service = null
    for (const listener of listeners) listener(line)
  }
  const { exited } = context.stack.datastorage
  void exited.then(() => {
    isDead = true
  })
  const started = probes.map((one) => one.start({ ...context, probe }))
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= Promise.allSettled(started.map((one) => one.stop())).then(() => {
      isStopped = true
    })
    return stopping
  }
  return {
    get latest() {
      return {
        memoryBytes: (last.all ?? last.cgroup)?.memoryBytes ?? null,
        eventsPending: last.service?.eventsPending ?? null,
        isDead,
      }
    },
    died: exited,
    drained(signal) {
      const { promise, resolve, reject } = Promise.withResolvers<'drained' | 'load-over'>()
      const sinceMs = context.clock.now()
      let lastWorkMs = sinceMs
      let rows: number | null = null
      const listener = (line: ProbeLine) => {
        if (isDead || line.t <= sinceMs) return
        const isBlind = !context.stack.postgres && last.service?.eventsPending == null
        if (isBlind && line.t - sinceMs >= quietMs) resolve('load-over')
        if (line.kind === 'service' && line.eventsPending === 0) resolve('drained')
        if (line.kind !== 'postgres' || last.service?.eventsPending != null) return
        if (line.active > 0 || line.idleInTransaction > 0 || line.rowsInserted !== rows) lastWorkMs = line.t
        rows = line.rowsInserted
        if (line.t - lastWorkMs >= quietMs) resolve('drained')
      }
      listeners.add(listener)
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      return promise.finally(() => listeners.delete(listener))
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
