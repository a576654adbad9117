import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import { StackError } from '../../harness/errors.ts'
import type { Stack } from '../../harness/stack.ts'
import { createWorkFolder } from '../../harness/work-folder.ts'
import type { StackOptions } from '../stack-options.ts'
import { startDatastorage } from './datastorage.ts'
import { createGroups } from './groups.ts'
import { removeLeftovers } from './leftovers.ts'
import { allOrNone } from './parallel.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

/** The stack as local processes: real PostgreSQL, real Redis, and the service under its limits. */
export async function startEmbedded(options: StackOptions, signal: AbortSignal): Promise<Stack> {
  if (process.platform !== 'linux') {
    throw new StackError(`the embedded runtime needs Linux, this is ${process.platform}`, {
      hint: 'run it on a Linux machine or in a Linux container',
    })
  }
  signal.throwIfAborted()
  const parents = [tmpdir(), ...(options.workDirParent ? [options.workDirParent] : [])]
  for (const left of await removeLeftovers(parents))
    options.onProgress?.(`removed ${left}, which a killed run had left`)
  await using started = new AsyncDisposableStack()
  const { path: folder } = started.use(await createWorkFolder(options.workDirParent))
  // Before the servers: on a machine that cannot limit anything, nothing else is worth starting.
  const { datastorage: group, shared } = started.use(await createGroups(basename(folder), options))

  const part = { folder, onProgress: options.onProgress }
  const [postgres, redis] = await allOrNone(signal, (either) => [
    startPostgres({ ...part, prefix: shared?.postgres.prefix, signal: either }),
    startRedis({ ...part, prefix: shared?.redis.prefix, signal: either }),
  ])
  started.use(postgres)
  started.use(redis)

  const service = {
    ...part,
    service: options.service,
    group,
    postgresUrl: postgres.serviceConnectionString,
    redisUrl: redis.url,
    logFile: options.logFile,
    entry: options.serviceEntry,
  }
  const datastorage = started.use(await startDatastorage({ ...service, signal }))
  const owned = started.move()
  return {
    runtime: 'embedded',
    versions: { postgres: postgres.version, redis: redis.version },
    datastorage,
    postgres,
    redis: { url: redis.url },
    async startAgain(again) {
      owned.use(await startDatastorage({ ...service, env: eagerQueue, signal: again }))
    },
    ...(shared && {
      parts: [
        { name: 'postgres', counters: shared.postgres.counters, exited: postgres.exited },
        { name: 'redis', counters: shared.redis.counters, exited: redis.exited },
      ],
      sharedCounters: shared.all.counters,
    }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Nobody watches a service that is started again for what its queue holds: it need not wait a minute with each entry. */
const eagerQueue = {
  DATASTORAGE_DLQ_POLL_MS: '250',
  DATASTORAGE_DLQ_SCHEDULE: '1s',
  DATASTORAGE_DLQ_CLAIM_IDLE_MS: '1000',
}
