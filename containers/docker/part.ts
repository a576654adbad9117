import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Container, HostConfig } from 'dockerode'
import type { GenericContainer } from 'testcontainers'
import { type PartName, partNames } from '../../harness/engine.ts'
import { StackError } from '../../harness/errors.ts'
import type { AppliedLimits, ProcessExit, ResourceCounters } from '../../harness/stack.ts'
import { onFreePort } from '../embedded/free-port.ts'
import { type ContainerEngine, saidByEngine } from '../engines.ts'
import { createContainerCounters } from './counters.ts'
import { type ContainerGroup, groupOf } from './group.ts'
import { labelsOf } from './label.ts'
import { removeContainers } from './remove.ts'
import { statsOf } from './stats.ts'
import { configure, waitUntil } from './testcontainers.ts'
import { limitsSaid, signalName, type Witness } from './witness.ts'

const tailLines = 20
/** Between two looks whether a part is ready. */
const lookEveryMs = 30
/** Podman ends a log's stream a quarter of a second after its container, and later on a busy machine. */
const logEndMs = 2_000

/** What all parts of one run share. */
export interface RunContext {
  /** The run's name: its label, and its network's name. */
  readonly run: string
  readonly engine: ContainerEngine
  readonly witness: Witness
  readonly signal: AbortSignal
  readonly onProgress?: ((message: string) => void) | undefined
}

/** A container of the stack to start. */
export interface PartOptions<T> {
  readonly part: PartName
  /** The port that it listens on, inside. */
  readonly port: number
  /** A fresh definition each time: a port that was taken in the last moment means another try. */
  define(): GenericContainer
  readonly host?: HostConfig | undefined
  /** Resolves with what the caller wants to know of it once it is ready; fails while it is not. Asked again and again. */
  ready(publishedPort: number, signal: AbortSignal): Promise<T>
  readonly readyWithinMs: number
  readonly onLine?: ((line: string, from: 'stdout' | 'stderr') => void) | undefined
}

/** A container that is ready. Removing it is the run's affair. */
export interface StartedPart<T> extends Disposable {
  readonly answer: T
  readonly publishedPort: number
  /** Its address on the run's network; null where the engine names none. */
  readonly address: string | null
  readonly pid: number
  readonly counters: ResourceCounters
  readonly group: ContainerGroup | null
  /** As the engine has them. */
  readonly limits: AppliedLimits
  readonly exited: Promise<ProcessExit>
  /** Resolves when all that it logged has been read; a container that still runs logs on. */
  logRead(): Promise<void>
}

/** Starts one container and waits until it is ready; fails with a StackError that has its last lines, and removes it. */
export async function startPart<T>(context: RunContext, options: PartOptions<T>): Promise<StartedPart<T>> {
  return onFreePort(async (port) => {
    try {
      return await startOn(port, context, options)
    } catch (error) {
      await removeContainers(context.engine, context.run, options.part).catch(() => {})
      context.signal.throwIfAborted()
      throw error
    }
  })
}

async function startOn<T>(port: number, context: RunContext, options: PartOptions<T>): Promise<StartedPart<T>> {
  const { run, engine, witness, signal } = context
  const { part } = options
  const name = partNames[part]
  const log = followLog(options.onLine)
  const ended = Promise.withResolvers<{ code: number | null }>()
  const late = AbortSignal.timeout(options.readyWithinMs)
  const waiting = AbortSignal.any([signal, late])
  let id = ''
  let starts = 0
  let onRestart = () => {}
  witness.onNext((event) => {
    if (event.part !== part) return
    if (event.action === 'create') id = event.containerId
    if (event.containerId !== id) return
    if (event.action === 'start') {
      log.follow(engine.api.getContainer(id))
      if (++starts > 1) onRestart()
    }
    if (event.action === 'die') ended.resolve({ code: event.exitCode })
  })
  const diedEarly = ended.promise.then(async ({ code }): Promise<never> => {
    await log.read()
    throw new StackError(
      late.aborted
        ? `${name} was not ready after ${options.readyWithinMs} ms`
        : `${name} ended before it was ready: exit code ${code}`,
      { logTail: log.tail },
    )
  })
  diedEarly.catch(() => {})

  let answer: { readonly of: T } | undefined
  const definition = options
    .define()
    .withAutoCleanup(false)
    .withName(`${run}-${part}`)
    .withLabels(labelsOf(run, part))
    .withNetworkMode(run)
    .withExposedPorts(options.port)
    .withWaitStrategy(
      waitUntil(async () => {
        answer = { of: await askUntilReady(() => options.ready(port, waiting), waiting) }
      }),
    )
  const published = [{ HostIp: '127.0.0.1', HostPort: String(port) }]
  configure(definition, { ...options.host, PortBindings: { [`${options.port}/tcp`]: published } })
  const starting = definition.start()
  starting.catch(() => {})
  try {
    // From itself: an engine may tell of a start a quarter of a second later, when the container is long ready.
    id = (await Promise.race([starting, diedEarly])).getId()
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof StackError) throw error
    if (!late.aborted) throw new StackError(`${name} could not be started: ${saidByEngine(error)}`, { cause: error })
    const what = `${name} was not ready after ${options.readyWithinMs} ms`
    throw new StackError(what, { cause: error, logTail: log.tail })
  }
  if (!answer) throw new Error(`${name} is ready without an answer`)

  const container = engine.api.getContainer(id)
  const { State, NetworkSettings, HostConfig } = await container.inspect()
  const counters = createContainerCounters()
  const group = await groupOf(State.Pid)
  counters.follow(group ?? statsOf(container))
  onRestart = () => {
    void container.inspect().then(async (again) => {
      counters.follow((await groupOf(again.State.Pid)) ?? statsOf(container))
    })
  }
  return {
    answer: answer.of,
    publishedPort: port,
    address: NetworkSettings.Networks[run]?.IPAddress || null,
    pid: State.Pid,
    counters,
    group,
    limits: {
      limiter: 'engine',
      ...limitsSaid(HostConfig),
      cpusBy: 'quota',
      ...(!group && { countersFrom: 'engine-stats' }),
    },
    exited: ended.promise.then(({ code }) => exitOf(State.Pid, code)),
    logRead: log.read,
    [Symbol.dispose]: () => counters[Symbol.dispose](),
  }
}

/** An engine tells a signal as 128 and its number; to all who read the record a signal is a signal. */
function exitOf(pid: number, code: number | null): ProcessExit {
  const signal = code !== null && code > 128 ? signalName(String(code - 128)) : null
  return signal?.startsWith('SIG') ? { pid, code: null, signal } : { pid, code, signal: null }
}

/** Asks again and again until the answer is no error. */
export async function askUntilReady<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    signal.throwIfAborted()
    try {
      return await ask()
    } catch {
      await delay(lookEveryMs, undefined, { signal })
    }
  }
}

/** The engine's time before a line of a log, RFC 3339, and the second that it lies in. Podman's has no more than that. */
function readStamp(stamped: string): { readonly second: number | null; readonly line: string } {
  const [head, time, zone] = /^(\d{4}-\d\d-\d\dT[\d:]{8})(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d) ?/.exec(stamped) ?? []
  if (head === undefined) return { second: null, line: stamped }
  return { second: Date.parse(`${time}${zone}`) / 1_000, line: stamped.slice(head.length) }
}

/**
 * Reads what a container logs, line by line, also over restarts: an engine ends the stream when the container ends. Read again
 * is from the second on that was read last, less what was read of it.
 */
function followLog(onLine: PartOptions<unknown>['onLine']) {
  const outputs = ['stdout', 'stderr'] as const
  const tail: string[] = []
  /** The last second that something was logged in, and how many lines of it were read. */
  const last = { stdout: { second: 0, lines: 0 }, stderr: { second: 0, lines: 0 } }
  let reading = Promise.resolve()

  const take = async (container: Container, stream: NodeJS.ReadableStream) => {
    const pipes = { stdout: new PassThrough(), stderr: new PassThrough() }
    container.modem.demuxStream(stream, pipes.stdout, pipes.stderr)
    for (const from of outputs) {
      const read = last[from]
      let again = 0
      createInterface({ input: pipes[from] }).on('line', (stamped) => {
        const { second, line } = readStamp(stamped)
        if (second !== null) {
          if (second < read.second || (second === read.second && again++ < read.lines)) return
          const isSame = second === last[from].second
          last[from] = { second, lines: isSame ? last[from].lines + 1 : 1 }
        }
        tail.push(line)
        if (tail.length > tailLines) tail.shift()
        onLine?.(line, from)
      })
    }
    await finished(stream).catch(() => {})
    const written = outputs.map((from) => finished(pipes[from].end()))
    await Promise.all(written).catch(() => {})
  }
  // Whole seconds are all that every engine takes here.
  const wanted = () => {
    const since = Math.min(last.stdout.second, last.stderr.second)
    return { stdout: true, stderr: true, timestamps: true, since }
  }
  const follow = async (container: Container) => take(container, await container.logs({ ...wanted(), follow: true }))
  return {
    tail,
    follow(container: Container): void {
      reading = reading.then(() => follow(container)).catch(() => {})
    },
    read: () => Promise.race([reading, delay(logEndMs)]),
  }
}
