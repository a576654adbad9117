import { join } from 'node:path'
import { startStack } from '../../../containers/stack.ts'
import type { Server } from './server.ts'

/** The project's DataStorage as it is when it is well, with its PostgreSQL and Redis, in processes of its own. Its log goes to `dir`. */
export async function startStandIn(dir: string, signal: AbortSignal): Promise<Server> {
  const stack = await startStack(
    {
      runtime: 'embedded',
      service: { profile: 'healthy', profileOptions: {}, poolSize: 25, insert: 'bulk' },
      limits: { memoryLimitBytes: 2 ** 31, cpus: 1 },
      logFile: join(dir, 'datastorage.log'),
    },
    signal,
  )
  return {
    name: 'the stand-in, healthy, with PostgreSQL, pinned to no core',
    origin: stack.datastorage.baseUrl,
    pid: stack.datastorage.pid ?? 0,
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  }
}
