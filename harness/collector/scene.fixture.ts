import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { createClock } from '../clock.ts'
import type { Engine } from '../engine.ts'
import type { ProbeLine } from '../probe-line.ts'
import type { RunEvent } from '../sample.ts'
import type { ProcessExit, ResourceReading, Stack } from '../stack.ts'
import { startCollector } from './index.ts'

const reading: ResourceReading = {
  memoryBytes: 100,
  memoryPeakBytes: 120,
  rssBytes: 80,
  oomKills: 0,
  cpuUsageMs: 5,
  periods: 10,
  throttledPeriods: 1,
  throttledMs: 2,
}

/**
 * A service of real sockets whose figures a test sets; PostgreSQL and Redis are closed ports unless given. `isShared`:
 * Redis and the whole are watched too, as under one limit over all.
 */
export async function startScene(
  servers: {
    postgresUrl?: string
    redisUrl?: string
    isShared?: boolean
    /** The second way to the service, and what an engine says. */
    engine?: Engine
    direct?: 'open' | 'closed'
    healthPath?: string
  } = {},
) {
  const state = {
    counters: { ...reading },
    redis: { ...reading },
    all: { ...reading },
    eventsPending: 0,
    isHealthy: true,
    isSilent: false,
  }
  const healthPorts: (number | undefined)[] = []
  const http = createServer((request, response) => {
    if (request.url === (servers.healthPath ?? '/health')) healthPorts.push(request.socket.remotePort)
    if (state.isSilent) return
    if (request.url === (servers.healthPath ?? '/health')) {
      response.writeHead(state.isHealthy ? 200 : 503).end('{}')
    } else response.end(`datastorage_events_pending ${state.eventsPending}\ndatastorage_pool_max 25\n`)
  })
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  const closed = await closedPort()

  const exit = Promise.withResolvers<ProcessExit>()
  const redisExit = Promise.withResolvers<ProcessExit>()
  const stderr: ((line: string) => void)[] = []
  const stack: Stack = {
    runtime: 'embedded',
    versions: { postgres: '', redis: '' },
    datastorage: {
      baseUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
      healthPath: servers.healthPath,
      ...(servers.direct && {
        directUrl: `http://127.0.0.1:${servers.direct === 'open' ? (http.address() as AddressInfo).port : closed}`,
      }),
      pid: 1,
      limits: { limiter: 'cgroup-v1', memoryLimitBytes: null, memoryAndSwapLimitBytes: null, cpus: null },
      counters: { read: () => ({ ...state.counters }) },
      exited: exit.promise,
      onStderr: (listener) => void stderr.push(listener),
    },
    postgres: { connectionString: servers.postgresUrl ?? `postgres://nobody@127.0.0.1:${closed}/none` },
    redis: { url: servers.redisUrl ?? `redis://127.0.0.1:${closed}` },
    ...(servers.isShared && {
      parts: [{ name: 'redis', counters: { read: () => ({ ...state.redis }) }, exited: redisExit.promise }],
      sharedCounters: { read: () => ({ ...state.all }) },
    }),
    ...(servers.engine && { engine: servers.engine }),
    [Symbol.asyncDispose]: async () => {},
  }

  const lines: (ProbeLine | RunEvent)[] = []
  let waiting: { matches: (line: ProbeLine | RunEvent) => boolean; resolve: () => void }[] = []
  const take = (line: ProbeLine | RunEvent) => {
    lines.push(line)
    for (const { matches, resolve } of waiting) if (matches(line)) resolve()
    waiting = waiting.filter(({ matches }) => !matches(line))
  }
  const clock = createClock(0)
  const collector = startCollector({ stack, clock, probe: take, event: take })
  return {
    state,
    collector,
    lines,
    healthPorts,
    exit: exit.resolve,
    exitRedis: redisExit.resolve,
    writeStderr: (line: string) => {
      for (const listener of stderr) listener(line)
    },
    /** Resolves with the next line that matches. */
    next: (matches: (line: ProbeLine | RunEvent) => boolean) =>
      new Promise<void>((resolve) => void waiting.push({ matches, resolve })),
    of: <K extends (ProbeLine | RunEvent)['kind']>(kind: K) =>
      lines.filter((line): line is Extract<ProbeLine | RunEvent, { kind: K }> => line.kind === kind),
    async [Symbol.asyncDispose]() {
      await collector.stop()
      http.closeAllConnections()
      await new Promise((done) => http.close(done))
    },
  }
}

async function closedPort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}
