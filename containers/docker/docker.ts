import type { HostConfig } from 'dockerode'
import { StackError } from '../../harness/errors.ts'
import { ownedByThisProcess } from '../../harness/owner.ts'
import type { Limits } from '../../harness/scenario.ts'
import type { AppliedLimits, Part, Stack } from '../../harness/stack.ts'
import { removeLeftovers } from '../embedded/leftovers.ts'
import { allOrNone } from '../embedded/parallel.ts'
import type { ContainerEngine } from '../engines.ts'
import { createSharedGroup } from '../limits/index.ts'
import type { SharedGroup } from '../limits/limiter.ts'
import type { StackOptions } from '../stack-options.ts'
import { startDatastorage } from './datastorage.ts'
import { findImages, type StackImages } from './images.ts'
import { runLabel } from './label.ts'
import { removeEngineLeftovers } from './leftovers.ts'
import type { RunContext, StartedPart } from './part.ts'
import { dataInMemory, startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import { killContainers, removeRun } from './remove.ts'
import { describeService, makeSchema } from './subject.ts'
import { bindTestcontainers } from './testcontainers.ts'
import { openWitness } from './witness.ts'

/** The stack as containers of an engine, on a network of their own. Disposing removes all of it. */
export async function startContainers(
  engine: ContainerEngine,
  options: StackOptions,
  signal: AbortSignal,
  found?: StackImages,
): Promise<Stack> {
  signal.throwIfAborted()
  await bindTestcontainers(engine)
  // Containers before control groups: an engine may put a container that we end into a group that we remove.
  for (const left of [...(await removeEngineLeftovers(engine)), ...(await removeLeftovers())])
    options.onProgress?.(`removed ${left}, which a killed run had left`)
  const images = found ?? (await findImages(engine, options, signal))
  const run = ownedByThisProcess()

  await using started = new AsyncDisposableStack()
  const shared = options.limits.memoryScope === 'stack' ? await shareLimit(engine, run, options) : null
  if (shared) started.use(shared)
  const witness = started.use(await openWitness(engine, run))
  // Whatever of it has come about by then, in whatever state.
  started.defer(() => removeRun(engine, run))
  await engine.api.createNetwork({ Name: run, Driver: 'bridge', Labels: { [runLabel]: run } })

  const context: RunContext = { run, engine, witness, signal, onProgress: options.onProgress }
  const inGroup: HostConfig = shared ? { CgroupParent: shared.path } : {}
  const [postgres, redis] = await allOrNone(signal, (either) => [
    startPostgres({ ...context, signal: either }, images.postgres, {
      ...inGroup,
      ...(!shared && !options.stopsDatabase && dataInMemory),
    }),
    startRedis({ ...context, signal: either }, images.redis, inGroup),
  ])
  started.use(postgres)
  started.use(redis)

  const container = describeService(options, postgres.password)
  if (container.schema !== null) await makeSchema(container.schema, postgres.ownerConnectionString, signal)
  const datastorage = started.use(
    await startDatastorage(context, {
      image: images.datastorage,
      container,
      // The stand-in's way of being ready is stricter than being well.
      healthPath: options.subject?.kind === 'image' ? container.readyPath : undefined,
      host: {
        ...inGroup,
        ...limitsOf(options.limits),
        ...restartPolicy(options),
        // By the hosts file: not every Podman has a name server for its networks.
        ExtraHosts: [`postgres:${postgres.address}`, `redis:${redis.address}`],
      },
      logFile: options.logFile,
      limits: shared ? null : options.limits,
    }),
  )
  // All at once, and before their logs are read to the end.
  started.defer(() => killContainers(engine, run))
  const owned = started.move()
  return {
    runtime: engine.name,
    versions: { postgres: postgres.answer, redis: redis.answer, [engine.name]: engine.version },
    datastorage: shared ? { ...datastorage.service, limits: inShared(shared, datastorage.part) } : datastorage.service,
    postgres,
    redis: { url: `redis://127.0.0.1:${redis.publishedPort}` },
    startAgain: (again) => datastorage.startAgain(again),
    ...(shared && {
      parts: [watch('postgres', postgres), watch('redis', redis)],
      sharedCounters: shared.counters,
    }),
    engine: witness.engine,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Memory and swap together at the same value: no swap, so the memory limit is the one that strikes. */
function limitsOf({ memoryLimitBytes, cpus, memoryScope }: Limits): HostConfig {
  const NanoCpus = Math.round(cpus * 1e9)
  return memoryScope === 'stack' ? { NanoCpus } : { Memory: memoryLimitBytes, MemorySwap: memoryLimitBytes, NanoCpus }
}

function restartPolicy({ service }: StackOptions): HostConfig {
  return service.restart === 'on-failure' ? { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 0 } } : {}
}

/** A group of ours that holds the containers' own groups. */
async function shareLimit(engine: ContainerEngine, run: string, options: StackOptions): Promise<SharedGroup> {
  await checkSharedLimit(engine)
  return createSharedGroup(run, options.limits, options)
}

/** The group must be of the engine's own kernel, and the engine must take a path for a parent, not a slice of systemd's. */
export async function checkSharedLimit(engine: ContainerEngine): Promise<void> {
  const { CgroupDriver } = await engine.api.info()
  if (engine.host.startsWith('unix://') && CgroupDriver === 'cgroupfs') return
  throw new StackError(
    `${engine.name} at ${engine.host} (control groups by ${CgroupDriver}) cannot hold the stack in one memory limit`,
    { hint: 'use an engine of this machine with the driver cgroupfs, or --runtime embedded' },
  )
}

function inShared({ limits }: SharedGroup, { limits: { cpus } }: StartedPart<unknown>): AppliedLimits {
  return { ...limits, cpus, cpusBy: 'quota' }
}

function watch(name: Part['name'], { counters, exited }: StartedPart<unknown>): Part {
  return { name, counters, exited }
}
