import { RedisContainer } from '@testcontainers/redis'
import type { HostConfig } from 'dockerode'
import { askVersion } from '../embedded/redis.ts'
import { type RunContext, type StartedPart, startPart } from './part.ts'

const readyMs = 30_000
const port = 6379

/** Redis that keeps nothing on disk. Its answer is its version. */
export async function startRedis(context: RunContext, image: string, host?: HostConfig): Promise<StartedPart<string>> {
  context.onProgress?.(`starting Redis (${image})`)
  return startPart(context, {
    part: 'redis',
    port,
    // Without a password, which not every service can give: in a container there is nothing to write to but the container.
    define: () => new RedisContainer(image).withCommand(['redis-server', '--save', '', '--appendonly', 'no']),
    host: { ...host, Tmpfs: { '/data': 'rw' } },
    ready: (publishedPort) => askVersion(`redis://127.0.0.1:${publishedPort}`),
    readyWithinMs: readyMs,
  })
}
