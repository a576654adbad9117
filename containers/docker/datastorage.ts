import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { HostConfig } from 'dockerode'
import { GenericContainer } from 'testcontainers'
import { request } from 'undici'
import type { Limits } from '../../harness/scenario.ts'
import type { AppliedLimits, Service } from '../../harness/stack.ts'
import { createLineBuffer } from '../embedded/line-buffer.ts'
import { refuseOtherThanAsked } from '../limits/group-folder.ts'
import { askUntilReady, type RunContext, type StartedPart, startPart } from './part.ts'
import type { ServiceContainer } from './subject.ts'

const readyMs = 30_000
/** How long to look for a second path to the service. */
const directMs = 1_000

export interface DatastorageOptions {
  readonly image: string
  readonly container: ServiceContainer
  readonly healthPath?: string | undefined
  readonly host: HostConfig
  /** Its stdout and stderr are appended here. */
  readonly logFile: string
  /** What the limits must turn out to be; null where it has none of its own. */
  readonly limits: Limits | null
}

export interface StartedDatastorage extends AsyncDisposable {
  readonly service: Service
  readonly part: StartedPart<void>
  /** Starts its container once more, after it has ended, and returns when the service is ready. */
  startAgain(signal: AbortSignal): Promise<void>
}

/** Starts the service under test. Disposing waits until its log is read and written; the container must have ended. */
export async function startDatastorage(context: RunContext, options: DatastorageOptions): Promise<StartedDatastorage> {
  const { image, container, host } = options
  context.onProgress?.(`starting DataStorage (${image})`)
  const log = createWriteStream(options.logFile, { flags: 'a' })
  const logWritten = finished(log).catch(() => {})
  const stderr = createLineBuffer()
  const closeLog = async () => {
    log.end()
    await logWritten
  }
  try {
    const part = await startPart(context, {
      part: 'datastorage',
      port: container.port,
      define: () => new GenericContainer(image).withEnvironment({ ...container.env }),
      host: { ...host, ...(container.mounts.length > 0 && { Binds: [...container.mounts] }) },
      ready: (port, signal) => askReady(`http://127.0.0.1:${port}${container.readyPath}`, signal),
      readyWithinMs: readyMs,
      onLine(line, from) {
        log.write(`${line}\n`)
        if (from === 'stderr') stderr.add(line)
      },
    })
    const itself = context.engine.api.getContainer(`${context.run}-datastorage`)
    const limits = options.limits ? await readLimits(part, options.limits) : part.limits
    return {
      part,
      service: {
        baseUrl: `http://127.0.0.1:${part.publishedPort}`,
        healthPath: options.healthPath,
        directUrl: await findDirectUrl(part.address, container),
        pid: part.pid,
        kill: () => itself.kill({ signal: 'SIGKILL' }),
        limits,
        counters: part.counters,
        exited: part.exited,
        onStderr: stderr.listen,
      },
      async startAgain(signal) {
        await itself.start()
        const waiting = AbortSignal.any([signal, AbortSignal.timeout(readyMs)])
        const url = `http://127.0.0.1:${part.publishedPort}${container.readyPath}`
        await askUntilReady(() => askReady(url, waiting), waiting)
      },
      async [Symbol.asyncDispose]() {
        await part.logRead()
        part[Symbol.dispose]()
        await closeLog()
      },
    }
  } catch (error) {
    await closeLog()
    throw error
  }
}

/** The engine says what it was told; the control group what is in force. Both must be what was asked for. */
async function readLimits(part: StartedPart<void>, asked: Limits): Promise<AppliedLimits> {
  refuseOtherThanAsked(part.limits, asked)
  if (!part.group) return part.limits
  const inForce = await part.group.readLimits()
  refuseOtherThanAsked(inForce, asked)
  return inForce
}

async function askReady(url: string, signal: AbortSignal): Promise<void> {
  // `reset`: no connection of ours stays open in a service whose connections are counted.
  const answer = await request(url, { signal, reset: true })
  await answer.body.dump()
  if (answer.statusCode < 200 || answer.statusCode > 299) throw new Error(`status ${answer.statusCode}`)
}

/** The service at its own address, without the engine's forwarding in between: where this machine has a route to it. */
async function findDirectUrl(
  address: string | null,
  { port, readyPath }: ServiceContainer,
): Promise<string | undefined> {
  if (address === null) return undefined
  const url = `http://${address}:${port}`
  return askReady(`${url}${readyPath}`, AbortSignal.timeout(directMs)).then(
    () => url,
    () => undefined,
  )
}
